import {
  complaints,
  fixed,
  heading,
  interleave,
  median,
  runLoad,
  table,
  verdict,
  whole,
  withSink,
} from './measure.mjs';

/** CPU per event may be so many times the floor's. */
const MAX_RATIO = { 500: 1.5, 100: 2 };

/** As many events as we take, beside the floor: `events` of them at 500 and at 100 rows a batch. */
export async function run({ runs = 5, events = 100_000 } = {}) {
  const failures = [];
  for (const rows of [500, 100]) {
    heading(`throughput: ${whole(events)} events, ${rows} rows × 4, medians of ${runs}`);
    const [floor, ours] = await withSink((sink, url) =>
      interleave(['floor', 'ours'], runs, (subject) => runLoad(sink, { subject, url, rows, events })),
    );
    table([LOAD_HEADER, loadRow('floor', floor), loadRow('ours', ours)]);
    // Within each run, before the median: a busy neighbour slows both down.
    const ratio = median(ours.runs.map(({ cpuUs }, at) => cpuUs / floor.runs[at].cpuUs));
    console.log(`CPU ours/floor ${fixed(ratio, 2)} (≤ ${MAX_RATIO[rows]}: ${verdict(ratio <= MAX_RATIO[rows])})`);
    console.log(
      [
        ['stall ≤ 20 ms', ours.stallMs <= 20],
        ['RSS ≤ 140 MB', ours.rssMb <= 140],
        ['sockets ≤ 5', ours.sockets <= 5],
      ]
        .map(([goal, isGood]) => `${goal}: ${verdict(isGood)}`)
        .join(', '),
    );
    failures.push(...complaints(`throughput ${rows}`, ours));
  }
  return failures;
}

export const LOAD_HEADER = [
  'subject',
  'enqueue µs',
  'CPU µs/event',
  'events/s',
  'peak RSS MB',
  'stall max ms',
  'sockets',
  'requests',
  'received',
];

export function loadRow(name, result) {
  const { enqueueUs, cpuUs, perSecond, rssMb, stallMs, sockets, requests, received, lost } = result;
  const share = lost > 0 ? `${fixed((100 * received) / (received + lost), 0)} %` : 'all';
  return [
    name,
    fixed(enqueueUs, 2),
    fixed(cpuUs, 2),
    whole(perSecond),
    fixed(rssMb, 0),
    fixed(stallMs),
    sockets,
    whole(requests),
    share,
  ];
}
