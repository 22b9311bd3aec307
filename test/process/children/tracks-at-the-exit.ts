// Tracks two events in a listener of 'exit' that is called after the client's own. BEFORE says what else it tracks.
import './fast-clock.js';
import { createClient } from '../../../src/index.js';
import { silentOutbox } from '../../support/silent-outbox.js';

const ours = createClient({
  outbox: process.env.OUTBOX === 'durable' ? silentOutbox : undefined,
  onOutcome() {
    if (process.env.AGAIN) track();
  },
});
const track = () => ours.track({ event: 'purchase', userId: 'v' });

if (process.env.BEFORE === 'delivered before') {
  track();
  await ours.flush();
  // Longer than the client listens for the end of the event loop.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
}
if (process.env.BEFORE === 'others open') track();
process.on('exit', () => {
  track();
  track();
});
process.exit();
