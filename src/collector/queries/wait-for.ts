import { checkTimeout } from '../../core/check-timeout.js';
import { OursError } from '../../core/errors.js';
import { printable } from '../../core/printable.js';
import { MAX_TIMER_MS, onAbort } from '../../core/timers.js';
import { VERDICTS, type Verdict } from '../measuring/verdict.js';
import type { EventLine, LogQueries } from './log-queries.js';

/** What to wait for: an event name, a verdict, or both. */
export type WantedEvent =
  | { readonly event: string; readonly verdict?: Verdict | undefined }
  | { readonly event?: string | undefined; readonly verdict: Verdict };

export interface WaitForOptions {
  /** Milliseconds. @default 5000 */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Waits until the log holds an event. */
export type WaitFor = (wanted: WantedEvent, options?: WaitForOptions) => Promise<EventLine>;

export interface WaitForSources {
  /** Every row in the order of arrival. */
  readonly lines: () => Iterable<EventLine>;
  readonly refused: LogQueries['refused'];
  /** Calls the listener after every arrival. Returns the function that unsubscribes. */
  readonly subscribe: (listener: () => void) => () => void;
  /** The address that clients send to. */
  readonly baseUrl: () => string;
  /** Aborted when the collector closes. */
  readonly closing: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 5_000;

export function createWaitFor({ lines, refused, subscribe, baseUrl, closing }: WaitForSources): WaitFor {
  return async (wanted, options) => {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options ?? {};
    checkWanted(wanted);
    const wrong = checkTimeout(timeoutMs);
    if (wrong !== undefined) throw new OursError('invalid_option', `waitFor(): ${wrong.message}`);
    signal?.throwIfAborted();
    const find = (): EventLine | undefined => {
      for (const line of lines()) if (isWanted(line, wanted)) return line;
      return undefined;
    };
    const found = find();
    if (found !== undefined) return found;
    return new Promise((resolve, reject) => {
      const cleanUp = (): void => {
        clearTimeout(timer);
        for (const unsubscribe of subscriptions) unsubscribe();
      };
      const fail = (reason: unknown): void => {
        cleanUp();
        reject(reason);
      };
      // A later row can change the verdict of an earlier one, so all of them are judged again.
      const check = (): void => {
        const line = find();
        if (line === undefined) return;
        cleanUp();
        resolve(line);
      };
      const onTimeout = (): void => {
        const arrived = describeArrived(lines(), refused(), baseUrl());
        fail(new DOMException(`no ${nameOf(wanted)} within ${timeoutMs} ms. ${arrived}`, 'TimeoutError'));
      };
      const timer = setTimeout(onTimeout, Math.min(timeoutMs, MAX_TIMER_MS));
      const subscriptions = [
        subscribe(check),
        onAbort(signal, () => fail(signal?.reason)),
        onAbort(closing, () =>
          fail(new OursError('closed', `the collector was closed while waiting for ${nameOf(wanted)}.`)),
        ),
      ];
    });
  };
}

/** Callers without TypeScript get an error that lists the choices, instead of a timeout. */
function checkWanted(wanted: WantedEvent): void {
  const { event, verdict } = (wanted ?? {}) as { readonly event?: unknown; readonly verdict?: unknown };
  if (event === undefined && verdict === undefined) {
    throw new OursError('invalid_option', "waitFor needs { event: 'purchase' }, { verdict: 'counted' } or both.");
  }
  if (verdict !== undefined && !VERDICTS.some((known) => known === verdict)) {
    throw new OursError(
      'invalid_option',
      `waitFor: there is no verdict ${String(verdict)}. The verdicts are ${VERDICTS.join(', ')}.`,
    );
  }
}

function isWanted(line: EventLine, { event, verdict }: WantedEvent): boolean {
  return (event === undefined || line.event.event === event) && (verdict === undefined || line.verdict === verdict);
}

function nameOf({ event, verdict }: WantedEvent): string {
  const name = event === undefined ? 'event' : `event ${printable(event)}`;
  return verdict === undefined ? name : `${name} with the verdict ${verdict}`;
}

/** Enough for the message of a failed test. */
const MAX_KINDS = 20;

/** Names and verdicts, never values. */
function describeArrived(
  lines: Iterable<EventLine>,
  refused: ReturnType<LogQueries['refused']>,
  baseUrl: string,
): string {
  const kinds = new Map<string, number>();
  for (const { event, verdict } of lines) {
    const kind = verdict === undefined ? printable(event.event) : `${printable(event.event)} (${verdict})`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  if (kinds.size === 0 && refused.length === 0) {
    return `Nothing arrived. Check that the client's baseUrl is ${baseUrl}.`;
  }
  const named = [...kinds].slice(0, MAX_KINDS).map(([kind, times]) => (times === 1 ? kind : `${kind} ×${times}`));
  if (kinds.size > MAX_KINDS) named.push(`${kinds.size - MAX_KINDS} more kinds`);
  const latest = refused[0];
  const refusals =
    latest === undefined ? '' : ` ${refused.length} refused, the last one: ${printable(latest.message)}.`;
  return `Arrived: ${named.join(', ') || 'nothing that was stored'}.${refusals}`;
}
