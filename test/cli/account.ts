import { onTestFinished } from 'vitest';
import { type Collector, type CollectorOptions, createCollector } from '../../src/collector/index.js';

export const KEY = 'sk_secret_of_the_account';

const variants = [{ name: 'classic' }, { name: 'one_page' }];

/** A valid account: a source, three events, and one experiment that is measured by a purchase. */
export const ACCOUNT: CollectorOptions = {
  apiKeys: [{ key: KEY }],
  tokens: ['shop', 'test_shop', 'blog', 'exp_shop'],
  allowedEvents: ['purchase_completed', 'Signup', { name: 'refund', destinationIds: [] }],
  experiments: [
    { key: 'checkout_redesign', variants, primary: 'purchase_completed' },
    { key: 'hero', variants, primary: 'lead', secondary: ['Signup'] },
  ],
};

export interface Account {
  readonly collector: Collector;
  readonly env: Record<string, string>;
}

/** An account in a collector, with the environment of its program. */
export async function accountOf(changes: CollectorOptions = {}): Promise<Account> {
  const collector = await createCollector({ ...ACCOUNT, ...changes });
  onTestFinished(() => collector.close());
  return {
    collector,
    env: {
      OURS_PRIVACY_API_KEY: KEY,
      OURS_API_URL: collector.url,
      OURS_BASE_URL: collector.baseUrl,
      OURS_TOKEN: 'shop',
    },
  };
}
