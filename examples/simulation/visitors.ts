import { CURRENCIES, type Currency } from '../shop/prices.js';
import type { Ledger } from './ledger.js';
import { randomUuid } from './random.js';

// The redesign is better; the results should show it.
const CHANCE_TO_BUY: Readonly<Record<string, number>> = { classic: 0.25, one_page: 0.35 };
const CHANCE_TO_BUY_AGAIN = 0.2;

/** As on the price tag; repeated here to detect a wrong conversion of minor units. */
const PRICE_TAGS: Readonly<Record<Currency, number>> = { usd: 49, eur: 45.5, jpy: 7300, kwd: 15.25 };

/** A person with a browser. All decisions are drawn in advance, so that timing does not change them. */
export interface Visitor {
  readonly id: string;
  /** Buys if this is below the variant's probability. */
  readonly reluctance: number;
  readonly buysTwice: boolean;
  readonly currency: Currency;
}

export function drawVisitor(random: () => number): Visitor {
  return {
    id: randomUuid(random),
    reluctance: random(),
    buysTwice: random() < CHANCE_TO_BUY_AGAIN,
    currency: CURRENCIES[Math.floor(random() * CURRENCIES.length)] ?? 'usd',
  };
}

/** A visit: opens the home page, perhaps buys. Records in the ledger only what a person would know. */
export async function visit(shopUrl: string, visitor: Visitor, ledger: Ledger): Promise<void> {
  const cookie = cookiesOf(visitor.id, Date.now());
  const home = await open(shopUrl, { headers: { cookie } });
  const variant = readAttribute(home, 'variant') || undefined;
  ledger.seen.set(visitor.id, variant);

  const chance = CHANCE_TO_BUY[variant ?? 'classic'] ?? 0;
  if (visitor.reluctance >= chance) return;
  for (let times = visitor.buysTwice ? 2 : 1; times > 0; times -= 1) {
    const { currency } = visitor;
    const body = new URLSearchParams({ currency });
    const thanks = await open(`${shopUrl}/checkout`, { method: 'POST', headers: { cookie }, body });
    const paymentId = readAttribute(thanks, 'payment');
    ledger.bought.push({ paymentId, visitorId: visitor.id, value: PRICE_TAGS[currency], currency });
  }
}

/** The browser SDK's cookies. */
function cookiesOf(visitorId: string, sessionStart: number): string {
  const session = encodeURIComponent(JSON.stringify({ sid: `sid_${sessionStart}` }));
  return `ours_device_id=${visitorId}; _cord_sdk_data=${session}`;
}

async function open(url: string, init: RequestInit): Promise<string> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${new URL(url).pathname} was answered ${answer.status}`);
  return answer.text();
}

function readAttribute(page: string, name: string): string {
  return new RegExp(`data-${name}="([^"]*)"`).exec(page)?.[1] ?? '';
}
