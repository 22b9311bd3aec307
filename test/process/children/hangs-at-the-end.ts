// Reaches its last line while requests are in flight that are never answered.
import './fast-clock.js';
import { createClient } from '../../../src/index.js';

const ours = createClient({ flushAt: 10, requestTimeoutMs: 600_000 });
for (let batch = 0; batch < 4; batch += 1) {
  for (let i = 0; i < 10; i++) ours.track({ event: 'purchase', userId: 'v' });
  await new Promise(setImmediate);
}
