import { type Exchange, withoutDate } from './exchange.js';
import type { FaultTable } from './faults.js';

const HOUR_MS = 3_600_000;

/** `Date` headers of an intermediary. */
const DATES: readonly (() => string | undefined)[] = [
  () => new Date().toUTCString(),
  () => new Date(Date.now() + 8 * 24 * HOUR_MS).toUTCString(),
  () => new Date(Date.now() + 10 * 60_000).toUTCString(),
  () => new Date(Date.now() - 3 * HOUR_MS).toUTCString(),
  () => 'yesterday',
  () => undefined,
];

/** A page of a proxy, a firewall or a login portal. */
function page(status: number): (exchange: Exchange) => void {
  return ({ response, random }) => {
    withoutDate(response);
    const date = random.pick(DATES)();
    response.writeHead(status, { 'content-type': 'text/html', ...(date !== undefined && { date }) });
    response.end(`<html><head><title>${status}</title></head><body>nginx</body></html>`);
  };
}

function redirect(status: number): (exchange: Exchange) => void {
  return ({ response, elsewhere }) => {
    response.writeHead(status, { location: elsewhere });
    response.end();
  };
}

/** Answers of intermediaries. They say nothing about the events. */
export const PAGES = {
  'page 200': page(200),
  'page 400': page(400),
  'page 403': page(403),
  'page 404': page(404),
  'page 413': page(413),
  'page 415': page(415),
  'page 422': page(422),
  'page 502': page(502),
  'page 504': page(504),
  'redirect 301': redirect(301),
  'redirect 302': redirect(302),
  'redirect 307': redirect(307),
  'redirect 308': redirect(308),
} as const satisfies FaultTable;
