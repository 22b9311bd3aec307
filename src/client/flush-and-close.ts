import { checkTimeout } from '../core/check-timeout.js';
import { sentenceOf } from '../core/logger.js';
import { keepProcess } from '../core/timers.js';
import { checkNames, fieldNames } from '../core/unknown-names.js';
import { withTimeout } from '../core/with-timeout.js';
import type { Relay } from '../delivery/relay.js';
import type { Outbox } from '../outbox/outbox.js';
import type { DeliveryCounts, Totals } from '../tracking/delivery-counts.js';
import type { Transport } from '../transport/transport.js';
import type { ClientContext } from './context.js';
import type { FlushOptions } from './types.js';

const FLUSH_NAMES = fieldNames<FlushOptions>({ timeoutMs: 1, signal: 1 });
const CLOSE_TIMEOUT_MS = 5_000;
/** The limit of each step of `close`: an outbox or a socket that hangs must not keep the process alive. */
const RELEASE_TIMEOUT_MS = 1_000;

export interface FlushAndCloseOptions {
  readonly counts: DeliveryCounts;
  readonly relay: Relay;
  readonly transport: Transport;
  readonly outbox: Outbox;
  /** Sends everything, full batch or not. */
  readonly flushNow: () => unknown;
  /** Relay, transport and outbox are closed. */
  readonly onClosed: () => void;
}

export interface FlushAndClose {
  readonly isClosing: boolean;
  flush(options?: FlushOptions): Promise<Totals>;
  /** Concurrent and later calls share the first one's result. */
  close(options?: FlushOptions): Promise<Totals>;
}

export function createFlushAndClose(
  { monotonic, warnings }: ClientContext,
  { counts, relay, transport, outbox, flushNow, onClosed }: FlushAndCloseOptions,
): FlushAndClose {
  let closing: Promise<Totals> | undefined;

  /** Warns instead of throwing: the process may be about to end. */
  function checked(call: string, options: FlushOptions | null | undefined): FlushOptions {
    const given = options ?? {};
    const unknown = checkNames(given, FLUSH_NAMES, call);
    if (unknown !== undefined) warnings.throttledEach(unknown.message);
    const wrong = checkTimeout(given.timeoutMs);
    if (wrong === undefined) return given;
    warnings.throttledEach(`${call}: ${wrong.message} The default is used.`);
    return { ...given, timeoutMs: undefined };
  }

  async function flush(given?: FlushOptions): Promise<Totals> {
    const options = checked('flush()', given);
    const { signal } = options;
    signal?.throwIfAborted();
    void flushNow();
    // After a timeout, the rest is pending.
    await counts.barrier(options).catch(() => signal?.throwIfAborted());
    return counts.totals;
  }

  async function shutDown({ timeoutMs = CLOSE_TIMEOUT_MS, signal }: FlushOptions): Promise<Totals> {
    const deadline = monotonic() + timeoutMs;
    const release = (what: string, work: Promise<unknown>, graceMs = 0): Promise<unknown> =>
      withTimeout(work, { timeoutMs: graceMs + RELEASE_TIMEOUT_MS, onTimeout: () => undefined }).catch(
        (error: unknown) => warnings.throttledEach(`close(): ${what} could not be closed: ${sentenceOf(error)}`),
      );
    try {
      await flush({ timeoutMs, signal });
    } finally {
      // Requests with events of other processes may be in flight.
      const graceMs = signal?.aborted ? 0 : Math.max(0, deadline - monotonic());
      await release('the relay', relay.stop(graceMs), graceMs);
      await release('the connections', transport.close());
      await release('the outbox', outbox.close());
      onClosed();
    }
    return counts.totals;
  }

  return {
    get isClosing() {
      return closing !== undefined;
    },
    flush,
    close(given) {
      const options = checked('close()', given);
      closing ??= keepProcess(shutDown(options));
      return closing;
    },
  };
}
