import { fixed, heading, interleave, startChild, table, verdict, whole } from './measure.mjs';

const MAX_US = 5;
const VARIANTS = ['JSON.stringify', 'track', 'track, zod catalogue', 'visitor.track'];

/** track() alone: the events are made beforehand, and the queue takes them all while no request is ever answered. */
export async function run({ runs = 5, events = 100_000 } = {}) {
  heading(`enqueue: ${whole(events)} events made beforehand, a fetch that never resolves, medians of ${runs}`);
  const results = await interleave(VARIANTS, runs, async (variant) => {
    const child = startChild('./children/enqueue.mjs', { variant, events });
    try {
      return await child.next();
    } finally {
      await child.stop();
    }
  });
  table([
    ['call', 'µs/call', 'µs/call with the hand-over to the queue'],
    ...results.map(({ callUs, handedOverUs }, at) => [VARIANTS[at], fixed(callUs, 2), fixed(handedOverUs, 2)]),
  ]);
  const { callUs } = results[VARIANTS.indexOf('track')];
  console.log(`track ≤ ${MAX_US} µs: ${verdict(callUs <= MAX_US)}`);
  return [];
}
