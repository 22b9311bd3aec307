import { CURRENCIES } from '../../shop/prices';
import { visitor } from '../lib/ours';

/** The home page; which one it is, is decided on the server. A visitor who is not in the experiment sees it as it always was. */
export default async function Home() {
  const { track, assign } = await visitor();
  track('page_viewed', { page: 'home' });
  const { variantName } = await assign('checkout_redesign');
  return (
    <main data-variant={variantName ?? ''}>
      <h1>{variantName === 'one_page' ? 'One plan, one click.' : 'Choose your plan'}</h1>
      <form method="post" action="/checkout">
        {CURRENCIES.map((currency) => (
          <button key={currency} type="submit" name="currency" value={currency}>
            Buy in {currency}
          </button>
        ))}
      </form>
    </main>
  );
}
