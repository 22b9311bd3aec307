import { fixed, heading, startChild, table, verdict, whole, withSink } from './measure.mjs';

/** What garbage collection and the allocator leave to chance, MB. */
const SLACK_MB = 10;
const DEADLINE_MS = 180_000;

/** Memory that must not grow: with the service down and the queue full, and over a million delivered events. */
export async function run({ events = 1_000_000 } = {}) {
  return [...(await whileDown(events / 2)), ...(await whileDelivering(events))];
}

async function whileDown(events) {
  heading(`memory, service down (connections refused): queue at its default 100,000, ${whole(events)} more events`);
  const samples = await withSink(async (sink, url) => {
    await sink.ask({ listen: false });
    return sampled({ url, scenario: 'down', events });
  });
  print(samples);
  const [, full, settled] = samples;
  const last = samples.at(-1);
  // What follows a full queue are events that are dropped, each with an outcome. V8 takes room for their garbage once;
  // whether it goes on taking room is the question.
  judge('since the queue was full and its first fifth of drops', settled, last);
  console.log(`before that, from the full queue on: RSS ${fixed(settled.rssMb - full.rssMb)} MB of room for garbage`);
  return last.unaccounted === 0
    ? []
    : [`memory: ${last.unaccounted} events without an outcome while the service was down`];
}

async function whileDelivering(events) {
  heading(`memory, ${whole(events)} events delivered`);
  return withSink(async (sink, url) => {
    const samples = await sampled({ url, scenario: 'delivered', events }, () => sink.ask({ report: true }));
    print(samples);
    judge('since the first fifth', samples[1], samples.at(-1));
    const lost = events - samples.at(-1).received;
    return lost === 0 ? [] : [`memory: ${lost} events lost`];
  });
}

async function sampled(config, look = () => ({})) {
  const child = startChild('./children/memory.mjs', config, { deadlineMs: DEADLINE_MS, execArgv: ['--expose-gc'] });
  try {
    const samples = [];
    for (;;) {
      const sample = await child.next();
      samples.push({ ...sample, ...(await look()) });
      if (sample.isLast) return samples;
      child.send('go on');
    }
  } finally {
    await child.stop();
  }
}

function print(samples) {
  table([
    ['events tracked', 'RSS MB', 'heap after GC MB', 'external MB', 'pending', 'delivered', 'dropped'],
    ...samples.map(({ tracked, rssMb, heapMb, externalMb, pending, delivered, dropped }) => [
      whole(tracked),
      fixed(rssMb),
      fixed(heapMb),
      fixed(externalMb),
      whole(pending),
      whole(delivered),
      whole(dropped),
    ]),
  ]);
}

function judge(since, first, last) {
  const rss = last.rssMb - first.rssMb;
  const heap = last.heapMb - first.heapMb;
  console.log(
    `growth ${since}: RSS ${fixed(rss)} MB, heap ${fixed(heap)} MB (≤ ${SLACK_MB}: ${verdict(rss <= SLACK_MB && heap <= SLACK_MB)})`,
  );
}
