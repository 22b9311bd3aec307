// Tracks when it has already run out of work.
import { createClient } from '../../../src/index.js';

console.log('started');
const ours = createClient({ flushIntervalMs: 3_600_000 });
ours.track({ event: 'first', userId: 'v' });
process.once('beforeExit', () => void ours.track({ event: 'second', userId: 'v' }));
