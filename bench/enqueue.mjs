import { fixed, heading, interleave, startChild, table, verdict, whole } from './measure.mjs';
import { SHAPE_NAMES } from './shapes.mjs';

/** A call may cost so many times the JSON.stringify of the same input. */
const MAX_RATIO = 2;

/** track() alone: the events are made beforehand, and the queue takes them all while no request is ever answered. */
export async function run({ runs = 5, events = 40_000, only } = {}) {
  heading(`enqueue: ${whole(events)} events made beforehand, a fetch that never resolves, medians of ${runs}`);
  const shapes = SHAPE_NAMES.filter((name) => only === undefined || only.some((start) => name.startsWith(start)));
  const subjects = shapes.flatMap((shape) =>
    ['JSON.stringify', 'track'].map((call) => ({ name: `${call}, ${shape}`, call, shape })),
  );
  const results = await interleave(subjects, runs, async ({ call, shape }) => {
    const child = startChild('./children/enqueue.mjs', { call, shape, events });
    try {
      return await child.next();
    } finally {
      await child.stop();
    }
  });
  const ratios = shapes.map((_, at) => results[2 * at + 1].callUs / results[2 * at].callUs);
  table([
    ['shape', 'JSON.stringify µs', 'track µs', '×', 'track with the hand-over to the queue µs'],
    ...shapes.map((shape, at) => {
      const [json, track] = results.slice(2 * at);
      return [shape, fixed(json.callUs, 2), fixed(track.callUs, 2), fixed(ratios[at], 2), fixed(track.handedOverUs, 2)];
    }),
  ]);
  const worst = Math.max(...ratios);
  console.log(`worst shape ${fixed(worst, 2)} (≤ ${MAX_RATIO}: ${verdict(worst <= MAX_RATIO)})`);
  return [];
}
