import { fixed, heading, interleave, startChild, table, verdict, whole } from './measure.mjs';
import { SHAPE_NAMES } from './shapes.mjs';

/** A call may cost so many times the JSON.stringify of the same input. */
const MAX_RATIO = 2;

/** track() alone: the events are made beforehand, and the queue takes them all while no request is ever answered. */
export async function run({ runs = 5, events = 40_000, only } = {}) {
  heading(`enqueue: ${whole(events)} events made beforehand, a fetch that never resolves, medians of ${runs}`);
  const shapes = SHAPE_NAMES.filter((name) => only === undefined || only.some((start) => name.startsWith(start)));
  const calls = ['JSON.stringify', 'track', 'track with subscribers'];
  const subjects = shapes.flatMap((shape) => calls.map((call) => ({ name: `${call}, ${shape}`, call, shape })));
  const results = await interleave(subjects, runs, async ({ call, shape }) => {
    const child = startChild('./children/enqueue.mjs', { call, shape, events });
    try {
      return await child.next();
    } finally {
      await child.stop();
    }
  });
  const ratios = shapes.map((_, at) => results[3 * at + 1].callUs / results[3 * at].callUs);
  table([
    ['shape', 'JSON.stringify µs', 'track µs', '×', 'with the hand-over to the queue µs', 'with subscribers µs'],
    ...shapes.map((shape, at) => {
      const [json, track, subscribed] = results.slice(3 * at);
      const times = [track.callUs, ratios[at], track.handedOverUs, subscribed.callUs];
      return [shape, fixed(json.callUs, 2), ...times.map((time) => fixed(time, 2))];
    }),
  ]);
  const worst = Math.max(...ratios);
  console.log(`worst shape ${fixed(worst, 2)} (≤ ${MAX_RATIO}: ${verdict(worst <= MAX_RATIO)})`);
  return [];
}
