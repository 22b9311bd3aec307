import { CURRENCIES } from '../../shop/prices';
import { visitor } from '../lib/ours';

/** The home page; the server chooses the variant. A visitor outside the experiment sees the original page. */
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
