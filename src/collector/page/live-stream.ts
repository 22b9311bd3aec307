import type { Answer } from '../http/answer.js';
import type { Insight } from '../insight.js';
import { html } from './html.js';
import { eventStream } from './layout.js';
import { liveParts } from './live-parts.js';
import type { EventsQuery } from './paths.js';

/** Calls back with the numbers of rows that arrived; the returned function takes that back. */
export type Subscribe = (listener: (numbers: readonly number[]) => void) => () => void;

// Rows come in batches, and a reader does not see more than a few pictures a second.
const GATHER_MS = 250;

// [A] Over a large log a look at it is expensive, and the collector is there to collect: pages may cost it a tenth.
const REST_FACTOR = 9;

/**
 * Sends the newest rows as they are now whenever something arrived.
 *
 * Always all that the page shows, never a change to it: a late impression can turn the verdict of an earlier row, and
 * whoever missed a message has missed nothing once the next one is there. That is why the first comes at once.
 */
export function liveStream(insight: Insight, query: EventsQuery, subscribe: Subscribe, now: () => number): Answer {
  return eventStream((write) => {
    let timer: NodeJS.Timeout | undefined;
    let restMs = GATHER_MS;
    const show = (): void => {
      timer = undefined;
      const started = now();
      const { totals, refused, rows } = liveParts(insight, query, started);
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

/** A line end within the text would end the field. */
function message(text: string): string {
  return `${text
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;
}
