import type { DurableOutbox } from '../outbox/outbox.js';
import { messageOf } from './message-of.js';

/** An outbox, and how the work of whoever uses it goes. */
export interface WatchedOutbox {
  readonly outbox: DurableOutbox;
  /** Why the work on the outbox failed when it was last tried; `undefined` when it succeeded. */
  failure(): string | undefined;
}

/**
 * Watches what a relay does with its outbox. A question asked for the health of the outbox does not show everything: it is
 * answered by a read-only replica as well, and over another connection than the one that is silent.
 */
export function watchWork(outbox: DurableOutbox): WatchedOutbox {
  let failure: string | undefined;
  const watched = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      const result = await work;
      failure = undefined;
      return result;
    } catch (error) {
      failure = messageOf(error);
      throw error;
    }
  };
  return {
    failure: () => failure,
    outbox: {
      ...outbox,
      claim: (options) => watched(outbox.claim(options)),
      ack: (entries) => watched(outbox.ack(entries)),
      release: (entries, delayMs) => watched(outbox.release(entries, delayMs)),
      deadLetter: (entries, outcome) => watched(outbox.deadLetter(entries, outcome)),
    },
  };
}
