// Waits for each event, in the way that HOW names, with other work between. Nothing else keeps the process.
import './fast-clock.js';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../../src/index.js';

const ours = createClient({ flushIntervalMs: 3_600_000, requestTimeoutMs: 600_000 });
let endings = 0;
process.once('beforeExit', () => {
  endings += 1;
});
for (let round = 0; round < Number(process.env.ROUNDS); round += 1) {
  if (round % 2 === 0) await readFile(fileURLToPath(import.meta.url));
  const receipt = ours.track({ event: 'purchase', userId: 'v' });
  if (process.env.HOW === 'flush') await ours.flush();
  if (process.env.HOW === 'settled') await receipt.settled();
  if (process.env.HOW === 'stored') await receipt.stored();
  if (process.env.HOW === 'nobody') void receipt.settled();
}
console.log(JSON.stringify({ endings }));
