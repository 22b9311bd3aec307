// Its durable outbox never answers an append. Ends in the way that HOW names.
import './fast-clock.js';
import { createClient } from '../../../src/index.js';
import { silentOutbox } from '../../support/silent-outbox.js';

const outcomes: string[] = [];
const ours = createClient({
  outbox: silentOutbox,
  onOutcome: (outcome, { distinctId }) => void outcomes.push(`${distinctId} ${outcome.status}`),
});
let totals: object | undefined;
for (const distinctId of ['a', 'b', 'c']) ours.track({ event: 'purchase', userId: 'v', distinctId });
// After the client's own listener.
process.once('exit', () => console.log(JSON.stringify({ outcomes, totals })));
if (process.env.HOW === 'close') totals = await ours.close({ timeoutMs: 100 });
if (process.env.HOW === 'exit') setImmediate(() => process.exit());
