import type { DurableOutbox } from '../outbox/outbox.js';
import { messageOf } from './command.js';

/** The outbox without its `close`: a client closes its outbox, but the command still has questions afterwards. */
export function withoutClose(outbox: DurableOutbox): DurableOutbox {
  return {
    durable: true,
    append: (entries) => outbox.append(entries),
    claim: (options) => outbox.claim(options),
    ack: (entries) => outbox.ack(entries),
    release: (entries, delayMs) => outbox.release(entries, delayMs),
    deadLetter: (entries, outcome) => outbox.deadLetter(entries, outcome),
    lookUp: (distinctIds) => outbox.lookUp(distinctIds),
    oldest: () => outbox.oldest(),
    forget: (person, options) => outbox.forget(person, options),
    mark: () => outbox.mark(),
    stats: () => outbox.stats(),
    watch: (wake) => outbox.watch?.(wake) ?? (() => undefined),
    deadLetters: outbox.deadLetters,
    close: async () => undefined,
  };
}

/** An outbox, and whether the relay can work on it. */
export interface WatchedOutbox {
  readonly outbox: DurableOutbox;
  /** Why an operation failed since the last claim that succeeded; `undefined` if none did. */
  failure(): string | undefined;
}

/**
 * Records failures of the relay's own operations. A health query alone does not show them: a read-only replica answers it too,
 * and it may use another connection than the one that hangs. Only a claim ends a failure: the relay claims at least every few
 * seconds, and a read-only server refuses every claim, whereas a release of nothing succeeds without asking the server.
 */
export function watchOperations(outbox: DurableOutbox): WatchedOutbox {
  let failure: string | undefined;
  const watched = <Result>(operation: Promise<Result>): Promise<Result> =>
    operation.catch((error: unknown) => {
      failure = messageOf(error);
      throw error;
    });
  return {
    failure: () => failure,
    outbox: {
      ...outbox,
      async claim(options) {
        const entries = await watched(outbox.claim(options));
        failure = undefined;
        return entries;
      },
      ack: (entries) => watched(outbox.ack(entries)),
      release: (entries, delayMs) => watched(outbox.release(entries, delayMs)),
      deadLetter: (entries, outcome) => watched(outbox.deadLetter(entries, outcome)),
    },
  };
}
