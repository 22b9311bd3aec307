import type { Answer } from '../http/answer.js';
import type { LogQueries } from '../queries/log-queries.js';
import { html } from './html.js';
import { eventStream } from './layout.js';
import { liveParts } from './live-parts.js';
import type { EventsQuery } from './paths.js';

/** Calls the listener with the numbers of rows that arrived. Returns the function that unsubscribes. */
export type Subscribe = (listener: (numbers: readonly number[]) => void) => () => void;

// Rows arrive in batches, and a few updates per second are enough.
const GATHER_MS = 250;

// [A] Queries over a large log are expensive. Open pages may use a tenth of the time.
const REST_FACTOR = 9;

/**
 * Sends the newest rows after every arrival.
 *
 * Each message holds everything that the page shows, because a late impression can change the verdict of an earlier row. A
 * missed message does not matter, and the first one is sent immediately.
 */
export function liveStream(queries: LogQueries, query: EventsQuery, subscribe: Subscribe, now: () => number): Answer {
  return eventStream((write) => {
    let timer: NodeJS.Timeout | undefined;
    let restMs = GATHER_MS;
    const show = (): void => {
      timer = undefined;
      const started = now();
      const { totals, refused, rows } = liveParts(queries, query, started);
      write(message(html`${totals}${refused}${rows}`.toString()));
      restMs = Math.max(GATHER_MS, (now() - started) * REST_FACTOR);
    };
    show();
    const unsubscribe = subscribe(() => {
      timer ??= setTimeout(show, restMs).unref();
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  });
}

/** Prefixes every line, because a line break would end the field. */
function message(text: string): string {
  return `${text
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;
}
