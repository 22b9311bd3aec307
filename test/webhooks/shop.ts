import type { ClientOptions } from '../../src/client/options.js';
import { type Collector, createCollector } from '../../src/collector/index.js';
import { commerceEvents } from '../../src/commerce/index.js';
import { sealVisitor } from '../../src/webhooks/index.js';
import { type Rig, rig } from '../support/client.js';
import { keyOf } from '../support/keys.js';

export const KEYS: readonly Uint8Array[] = [keyOf(7)];
export const VISITOR = { userId: '0b7e6c1a-5a52-4f0e-9d7c-3f6f7b1f2a10', sessionId: '1732398000123' } as const;

export interface Shop extends Rig {
  /** The sealed visitor, as in the payment's metadata. */
  readonly token: string;
  /** Conversions of the experiment so far, of one exposed session. */
  conversions(): number;
}

export interface ShopOptions extends ClientOptions {
  /** When the visitor saw the variant, in milliseconds since the epoch. @default an hour ago */
  readonly seenAt?: number;
}

/** A client with the commerce events, and a collector with one visitor who saw a variant. */
export async function openShop({ seenAt = Date.now() - 3_600_000, ...options }: ShopOptions = {}): Promise<Shop> {
  let isOpen = false;
  const collector = await createCollector({
    experiments: [{ key: 'checkout', variants: [{ name: 'classic' }, { name: 'one_page' }], primary: 'purchase' }],
    now: () => (isOpen ? Date.now() : seenAt),
  });
  const post = (path: string, body: object) =>
    fetch(`${collector.baseUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const { userId, sessionId: sid } = VISITOR;
  await post('/track', { token: 'test_shop', event: 'page_viewed', userId, defaultProperties: { sid } });
  await post('/experiments/assignments/checkout', { token: 'exp_shop', visitor_id: userId });
  isOpen = true;
  const shop = await rig({ events: commerceEvents, ...options, collector });
  return {
    ...shop,
    token: await sealVisitor(VISITOR, KEYS),
    conversions: () => sum(collector.report().experiments[0]!.variants.map(({ conversions }) => conversions)),
  };
}

/** What webhooks reported, without time and order of arrival. */
export function tracker(collector: Collector): object[] {
  return collector
    .report()
    .events.filter(({ event }) => /^\w+:/.test(event.distinctId ?? ''))
    .map(({ event, verdict }) => ({
      event: event.event,
      distinctId: event.distinctId,
      userId: event.userId,
      sid: event.defaultProperties?.sid,
      properties: event.eventProperties,
      verdict,
    }))
    .sort((one, other) => String(one.distinctId).localeCompare(String(other.distinctId)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
