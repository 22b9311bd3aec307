// Tracks when it has already run out of work, in the way that WHEN names.
import { createClient } from '../../../src/index.js';

const ours = createClient({
  flushIntervalMs: 3_600_000,
  onOutcome(_, { event }) {
    if (process.env.WHEN === 'outcome' && event === 'first') track('last');
    if (process.env.WHEN === 'every outcome') track('again');
    if (process.env.WHEN === 'a little after every outcome') void Promise.resolve().then(() => track('again'));
  },
});
const track = (event: string) => ours.track({ event, userId: 'v' });

switch (process.env.WHEN) {
  case 'nothing else':
    process.once('beforeExit', () => void track('last'));
    break;
  case 'delivered before':
    process.once('beforeExit', () => void track('last'));
    track('first');
    await ours.flush();
    break;
  case 'others open':
    track('first');
    process.once('beforeExit', () => void track('last'));
    break;
  case 'outcome':
  case 'every outcome':
  case 'a little after every outcome':
    track('first');
    break;
  case 'every time':
    process.on('beforeExit', () => void track('again'));
    break;
  case 'every time, and waits':
    process.on('beforeExit', async () => {
      track('again');
      await ours.flush();
    });
    break;
  case 'every time, after a flush':
    process.on('beforeExit', async () => {
      await ours.flush();
      track('again');
    });
}
