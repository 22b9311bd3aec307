import { complaints, fixed, heading, runLoad, table, verdict, whole, withSink } from './measure.mjs';

const COUNTS = [10_000, 100_000, 1_000_000, 5_000_000];
const SHAPE = '11 mixed';
/** From this many events on, starting and compiling no longer show. */
const SETTLED = 100_000;
/** What the machine leaves to chance. */
const SLACK = 1.15;
const SLACK_MB = 10;
const DEADLINE_MS = 3_600_000;

/** One client, ever more events: nothing may grow faster than the work. */
export async function run({ events = COUNTS.at(-1) } = {}) {
  const counts = COUNTS.filter((count) => count <= events);
  heading(`growth: events of the shape ${SHAPE} through one client, 500 rows a batch, without warm-up`);
  const results = [];
  for (const count of counts) {
    // A sink of its own for each: it keeps what it has received.
    const result = await withSink((sink, url) =>
      runLoad(sink, { subject: 'ours', rows: 500, url, shape: SHAPE, events: count }, { deadlineMs: DEADLINE_MS }),
    );
    results.push({ ...result, count, worstLost: result.lost });
  }
  table([
    ['events', 'CPU µs/event', 'peak RSS MB', 'stall max ms', 'received'],
    ...results.map(({ count, cpuUs, rssMb, stallMs, lost }) => [
      whole(count),
      fixed(cpuUs, 2),
      fixed(rssMb),
      fixed(stallMs),
      lost > 0 ? `${whole(lost)} LOST` : 'all',
    ]),
  ]);
  const settled = results.filter(({ count }) => count >= SETTLED);
  const [first, last] = [settled[0], settled.at(-1)];
  if (first !== last) {
    const isFlat = last.cpuUs <= first.cpuUs * SLACK && last.rssMb <= first.rssMb + SLACK_MB;
    console.log(
      `from ${whole(first.count)} to ${whole(last.count)} events, CPU per event ≤ × ${SLACK} and RSS ≤ + ${SLACK_MB} MB: ${verdict(isFlat)}`,
    );
  }
  return results.flatMap((result) => complaints(`growth, ${whole(result.count)} events`, result));
}
