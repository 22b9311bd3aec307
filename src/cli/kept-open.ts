import type { DurableOutbox } from '../outbox/outbox.js';

/** The same outbox for a client, which closes what it is given: the command still has questions afterwards. */
export function keptOpen(outbox: DurableOutbox): DurableOutbox {
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
