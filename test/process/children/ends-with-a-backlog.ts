// Ends with more events than a slow service takes in five seconds.
import './fast-clock.js';
import { createClient } from '../../../src/index.js';

const ours = createClient({ flushAt: 1, concurrency: 1 });
for (let i = 0; i < 40; i++) ours.track({ event: 'purchase', userId: 'v' });
