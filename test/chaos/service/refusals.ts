import { type Exchange, sendOwn } from './exchange.js';
import type { FaultTable } from './faults.js';

/** Every form of Retry-After, valid or not. */
const RETRY_AFTER: readonly (() => Record<string, string>)[] = [
  () => ({}),
  () => ({ 'retry-after': '0' }),
  () => ({ 'retry-after': '1' }),
  () => ({ 'retry-after': '0.5' }),
  () => ({ 'retry-after-ms': '200' }),
  () => ({ 'retry-after': new Date(Date.now() + 2_000).toUTCString() }),
  () => ({ 'retry-after': new Date(Date.now() - 60_000).toUTCString() }),
  () => ({ 'retry-after': 'soon' }),
  () => ({ 'retry-after': '-5' }),
];

function refuse(exchange: Exchange, status: number, headers: Record<string, string> = {}): void {
  sendOwn(exchange, { status, body: { success: false, error: 'not now' } }, headers);
}

function refuseForAWhile(exchange: Exchange, status: number): void {
  refuse(exchange, status, exchange.random.pick(RETRY_AFTER)());
}

/** Answers of the service that accept no rows, or not all of them. */
export const REFUSALS = {
  '429': (exchange) => refuseForAWhile(exchange, 429),
  '503': (exchange) => refuseForAWhile(exchange, 503),
  '500': (exchange) => refuse(exchange, 500),
  '408': (exchange) => refuse(exchange, 408),
  '409': (exchange) => refuse(exchange, 409),
  '401': (exchange) => sendOwn(exchange, { status: 401, body: { success: false, error: 'unknown token' } }),
  '400 to be retried': (exchange) => refuse(exchange, 400, { 'x-should-retry': 'true' }),
  '413 with a limit': (exchange) => {
    const { isBatch, rows } = exchange;
    // Never for a single event: that would reject it for good.
    if (!isBatch || rows.length <= 5) return sendOwn(exchange, exchange.take());
    sendOwn(exchange, { status: 413, body: { success: false, error: 'too many', limit: 5 } });
  },
  '413 without a limit': (exchange) => {
    const { isBatch, rows } = exchange;
    if (!isBatch || rows.length === 1) return sendOwn(exchange, exchange.take());
    sendOwn(exchange, { status: 413, body: { success: false, error: 'too large' } });
  },
  'some rows fail': (exchange) => failSomeRows(exchange, 207),
  'some rows fail with 500': (exchange) => failSomeRows(exchange, 500),
  'all rows fail': (exchange) => failSomeRows(exchange, 207, 1),
  'fewer rows accepted than sent': (exchange) => {
    const { isBatch, rows } = exchange;
    if (!isBatch) return refuse(exchange, 500);
    const taken = rows.slice(0, -1);
    exchange.take(taken);
    const results = taken.map((_, index) => ({ index, success: true }));
    sendOwn(exchange, { status: 200, body: { success: true, accepted: taken.length, failed: 0, results } });
  },
} as const satisfies FaultTable;

/** A share of the rows gets `queue_failed`; the others are accepted or rejected as usual. */
function failSomeRows(exchange: Exchange, status: number, share = 0.4): void {
  const { isBatch, rows, random } = exchange;
  if (!isBatch) {
    refuse(exchange, 500);
    return;
  }
  const results = rows.map((row, index) => {
    if (random.chance(share)) return { index, success: false, code: 'queue_failed', message: 'try again' };
    const [result] = exchange.take([row]).body.results as Record<string, unknown>[];
    return { ...result, index };
  });
  const failed = results.filter(({ success }: { success?: unknown }) => success !== true).length;
  const body = { success: failed === 0, accepted: rows.length - failed, failed, results };
  sendOwn(exchange, { status: failed === 0 ? 200 : status, body });
}
