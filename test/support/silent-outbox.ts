import type { DurableOutbox } from '../../src/index.js';

const never = new Promise<never>(() => undefined);
/** A durable outbox that never answers an append. */
export const silentOutbox: DurableOutbox = {
  durable: true,
  append: () => never,
  claim: async () => [],
  ack: async () => undefined,
  release: async () => undefined,
  deadLetter: async () => undefined,
  lookUp: async () => new Map(),
  oldest: async () => undefined,
  forget: async () => ({ entries: 0, claimed: 0, deadLetters: 0, unreadable: 0 }),
  mark: async () => ({ incarnation: 'one', position: 0 }),
  stats: async () => ({ waiting: 0, claimed: 0, bytes: 0 }),
  close: () => never,
  deadLetters: {
    count: async () => 0,
    list: async () => [],
    get: async () => undefined,
    replay: async () => 0,
    discard: async () => 0,
  },
};
