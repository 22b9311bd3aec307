import { installPeers } from './install.mjs';
import {
  complaints,
  fixed,
  heading,
  interleave,
  ratioOf,
  runLoad,
  table,
  verdict,
  whole,
  withSink,
} from './measure.mjs';
import { SHAPE_NAMES } from './shapes.mjs';

/** CPU per event may be so many times the floor's: the geometric mean over the shapes, by rows, and any one shape. */
const NODE_MAJOR = Number.parseInt(process.versions.node, 10);
const MAX_MEAN = NODE_MAJOR >= 24 ? { 500: 1.4, 100: 1.4 } : { 500: 1.25, 100: 1.35 };
const MAX_RATIO = 1.5;
/** How much more memory than the floor, MB. */
const MAX_RSS_MB = 10;

const SUBJECTS = [
  { name: 'floor 500', subject: 'floor', rows: 500 },
  { name: 'ours 500', subject: 'ours', rows: 500 },
  { name: 'floor 100', subject: 'floor', rows: 100 },
  { name: 'ours 100', subject: 'ours', rows: 100 },
  { name: 'mixpanel', subject: 'mixpanel', isByHand: true },
];

/** What an event costs from `track` to its delivery, for six shapes, in processes that have just started. */
export async function run({ runs = 5, events = 100_000, only } = {}) {
  installPeers();
  heading(`throughput: ${whole(events)} events of each shape, without warm-up, medians of ${runs}`);
  const shapes = SHAPE_NAMES.filter((name) => only === undefined || only.some((start) => name.startsWith(start)));
  const measured = [];
  await withSink(async (sink, url) => {
    for (const shape of shapes) {
      const once = ({ name: _, ...config }) => runLoad(sink, { ...config, url, shape, events });
      const results = await interleave(SUBJECTS, runs, once);
      measured.push({ shape, of: Object.fromEntries(SUBJECTS.map(({ name }, at) => [name, results[at]])) });
    }
  });
  for (const rows of [500, 100]) print(rows, measured);
  printMixpanel(measured);
  return measured.flatMap(({ shape, of }) =>
    [500, 100].flatMap((rows) => complaints(`throughput, ${shape}, ${rows} rows`, of[`ours ${rows}`])),
  );
}

function print(rows, measured) {
  const header = [
    'shape',
    'bytes',
    'floor CPU µs',
    'ours CPU µs',
    '× floor',
    'MB beyond floor',
    'stall ms, floor',
    'ours',
    'sockets',
    'received',
  ];
  const ratios = [];
  const grown = [];
  const lines = measured.map(({ shape, of }) => {
    const floor = of[`floor ${rows}`];
    const ours = of[`ours ${rows}`];
    ratios.push(ratioOf(ours, floor, 'cpuUs'));
    grown.push(ours.rssMb - floor.rssMb);
    return [
      shape,
      whole(ours.bytes / ours.received),
      fixed(floor.cpuUs, 2),
      fixed(ours.cpuUs, 2),
      fixed(ratios.at(-1), 2),
      fixed(grown.at(-1)),
      fixed(floor.stallMs),
      fixed(ours.stallMs),
      ours.sockets,
      ours.worstLost > 0 ? `${whole(ours.worstLost)} LOST` : 'all',
    ];
  });
  heading(`${rows} rows × 4`);
  table([header, ...lines]);
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  const worst = Math.max(...ratios);
  const most = Math.max(...grown);
  console.log(`geometric mean ${fixed(mean, 2)} (≤ ${MAX_MEAN[rows]}: ${verdict(mean <= MAX_MEAN[rows])})`);
  console.log(`worst shape ${fixed(worst, 2)} (≤ ${MAX_RATIO}: ${verdict(worst <= MAX_RATIO)})`);
  console.log(`RSS beyond the floor ${fixed(most)} MB at most (≤ ${MAX_RSS_MB}: ${verdict(most <= MAX_RSS_MB)})`);
}

/** Against a loop that calls `track_batch` with 50 events and waits for it. */
function printMixpanel(measured) {
  heading('mixpanel, batches of 50, awaited one by one');
  const ratios = measured.map(({ of }) => ratioOf(of['ours 100'], of.mixpanel, 'cpuUs'));
  table([
    ['shape', 'mixpanel CPU µs', 'ours (100 rows) × mixpanel'],
    ...measured.map(({ shape, of }, at) => [shape, fixed(of.mixpanel.cpuUs, 2), fixed(ratios[at], 2)]),
  ]);
  console.log(`ours below mixpanel for every shape: ${verdict(ratios.every((ratio) => ratio < 1))}`);
}
