// Its durable outbox never answers an append. Ends in the way that HOW names.
import './fast-clock.js';
import { createClient, type DurableOutbox } from '../../../src/index.js';

const never = new Promise<never>(() => undefined);
const outbox: DurableOutbox = {
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

const outcomes: string[] = [];
const ours = createClient({
  outbox,
  onOutcome: (outcome, { distinctId }) => void outcomes.push(`${distinctId} ${outcome.status}`),
});
let totals: object | undefined;
for (const distinctId of ['a', 'b', 'c']) ours.track({ event: 'purchase', userId: 'v', distinctId });
// After the client's own listener.
process.once('exit', () => console.log(JSON.stringify({ outcomes, totals })));
if (process.env.HOW === 'close') totals = await ours.close({ timeoutMs: 100 });
if (process.env.HOW === 'exit') setImmediate(() => process.exit());
