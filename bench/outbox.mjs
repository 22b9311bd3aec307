import { fixed, heading, interleave, median, startChild, table, verdict, whole, withSink } from './measure.mjs';
import { describeServers, STORES, selectStores, withStore } from './stores.mjs';

const DEADLINE_MS = 300_000;
const PER_SECOND = 2_000;
const CALLERS = 256;
const PRELOADED = 200_000;

/** What is asked of an outbox, by name. */
const GOALS = {
  append: { sqlite: 60_000 },
  relay: { redis: 30_000, postgres: 10_000 },
  p99Ms: { sqlite: 20 },
};

/** What each outbox takes in and gives out, and what that costs the process. `events` are those of one run. */
export async function run({ runs = 3, events = 100_000, only } = {}) {
  const stores = selectStores(STORES, only);
  const servers = await describeServers();
  for (const name of stores) if (servers[name] !== undefined) console.log(servers[name]);
  const failures = [];
  const durable = stores.filter((name) => name !== 'memory');

  heading(`outbox, appended and committed: ${whole(events)} events, ${runs} runs`);
  const appended = await measureAll(stores, runs, { scenario: 'append', events });
  table([
    ['outbox', 'events/s', 'CPU µs/event', '× memory', 'peak RSS MB', 'stall max ms'],
    ...stores.map((name, at) => row(name, appended[at], ratio('cpuUs', appended[at], appended[0], stores[0]))),
  ]);
  judge(stores, appended, GOALS.append, 'appended and committed/s', 'perSecond');

  heading(`outbox, stored(): ${whole(PER_SECOND)} events/s for ${fixed(events / 10 / PER_SECOND, 0)} s`);
  const steady = await measureAll(durable, runs, { scenario: 'steady', events: events / 10, perSecond: PER_SECOND });
  printWaits(durable, steady);
  judge(durable, steady, GOALS.p99Ms, 'stored() p99 ms', 'p99Ms', (value, goal) => value <= goal);

  heading(`outbox, stored(): ${CALLERS} callers at once, each waiting for its event`);
  const busy = await measureAll(durable, runs, { scenario: 'callers', events, callers: CALLERS });
  printWaits(durable, busy);
  judge(durable, busy, GOALS.p99Ms, 'stored() p99 ms', 'p99Ms', (value, goal) => value <= goal);

  heading(`outbox, tracked and delivered by one process: ${whole(events)} events, 500 rows`);
  const through = await measureAll(stores, runs, { scenario: 'whole', events });
  table([
    ['outbox', 'events/s', 'CPU µs/event', '× memory', 'peak RSS MB', 'stall max ms', 'received', 'twice'],
    ...stores.map((name, at) => [
      ...row(name, through[at], ratio('cpuUs', through[at], through[0], stores[0])),
      ...receipt(through[at]),
    ]),
  ]);
  failures.push(...lost('tracked and delivered', stores, through));

  heading(`outbox, through the relay: ${whole(PRELOADED)} events that another process left, 500 rows`);
  const relayed = await measureAll(durable, runs, { scenario: 'relay', events: PRELOADED });
  table([
    ['outbox', 'events/s', 'CPU µs/event', 'peak RSS MB', 'stall max ms', 'received', 'twice'],
    ...durable.map((name, at) => {
      const [first, perSecond, cpuUs, , ...others] = row(name, relayed[at], '');
      return [first, perSecond, cpuUs, ...others, ...receipt(relayed[at])];
    }),
  ]);
  judge(durable, relayed, GOALS.relay, 'through the relay/s', 'perSecond');
  failures.push(...lost('through the relay', durable, relayed));
  return failures;
}

/** One result for each store, runs taking turns; what the sink saw of them is part of it. */
function measureAll(stores, runs, config) {
  return withSink((sink, url) => interleave(stores, runs, (name) => measure(sink, url, name, config)));
}

async function measure(sink, url, name, config) {
  return withStore(name, async (place) => {
    if (config.scenario === 'relay') await runChild({ ...config, scenario: 'fill', place, url });
    await sink.ask({ reset: true });
    const { warnings, ...result } = await runChild({ ...config, place, url });
    for (const warning of warnings) console.log(`${name} said: ${warning}`);
    const { received, duplicates } = await sink.ask({ report: true });
    return { ...result, received, duplicates, lost: config.events - received };
  });
}

async function runChild(config) {
  const child = startChild('./children/outbox.mjs', config, { deadlineMs: DEADLINE_MS });
  try {
    await child.next();
    return await child.ask('go');
  } finally {
    await child.stop();
  }
}

function row(name, { perSecond, cpuUs, rssMb, stallMs }, factor) {
  return [name, whole(perSecond), fixed(cpuUs, 2), factor, fixed(rssMb, 0), fixed(stallMs)];
}

/** Within each run, before the median: a busy neighbour slows both down. */
function ratio(figure, result, base, baseName) {
  if (baseName !== 'memory') return '–';
  return fixed(median(result.runs.map((one, at) => one[figure] / base.runs[at][figure])), 1);
}

function printWaits(stores, results) {
  table([
    ['outbox', 'events/s', 'p50 ms', 'p99 ms', 'longest ms', 'CPU µs/event', 'peak RSS MB'],
    ...stores.map((name, at) => {
      const { perSecond, p50Ms, p99Ms, maxMs, cpuUs, rssMb } = results[at];
      return [name, whole(perSecond), fixed(p50Ms, 2), fixed(p99Ms, 2), fixed(maxMs), fixed(cpuUs, 2), fixed(rssMb, 0)];
    }),
  ]);
}

const receipt = ({ received, worstLost, duplicates }) => [worstLost > 0 ? whole(received) : 'all', whole(duplicates)];

const lost = (what, stores, results) =>
  stores.flatMap((name, at) =>
    results[at].worstLost > 0 ? [`outbox, ${what}: ${name} lost ${results[at].worstLost} events`] : [],
  );

function judge(stores, results, goals, what, figure, isGood = (value, goal) => value >= goal) {
  for (const [at, name] of stores.entries()) {
    const goal = goals[name];
    if (goal === undefined) continue;
    const value = results[at][figure];
    console.log(
      `${name}: ${what} ${value < 100 ? fixed(value) : whole(value)} (${whole(goal)}: ${verdict(isGood(value, goal))})`,
    );
  }
}
