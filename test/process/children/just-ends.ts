// Tracks and reaches its last line: no flush, no close.
import { createClient } from '../../../src/index.js';

console.log('started');
for (const client of Array.from({ length: Number(process.env.CLIENTS ?? 1) }, () => createClient())) {
  for (let i = 0; i < 300; i++) client.track({ event: 'purchase', userId: 'v' });
  client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
}
