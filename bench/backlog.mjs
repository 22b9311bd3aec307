import { fixed, heading, note, sleep, startChild, table, verdict, whole, withSink } from './measure.mjs';
import { describeServers, STORES, selectStores, withStore } from './stores.mjs';

const DEADLINE_MS = 3_600_000;
const SHORT = 20_000;
const RELAYED = 200_000;
const RELAYS = [1, 2, 4];
const MAX_STATS_MS = 100;

/** What grows with the queue, and with the number of relays. `events` is the length of the backlog. */
export async function run({ events = 1_000_000, only } = {}) {
  const stores = selectStores(STORES, only).filter((name) => name !== 'memory');
  const servers = await describeServers();
  for (const name of stores) if (servers[name] !== undefined) console.log(servers[name]);

  heading(`backlog: medians in ms, of a queue of ${whole(SHORT)}, of one of ${whole(events)}, and after a fifth of it`);
  const rows = [];
  for (const name of stores) rows.push(...(await depths(name, events)));
  table([
    ['outbox', 'entries', 'stats() says', 'claim of 500', 'ack of 500', 'stats()', 'oldest()'],
    ...rows.map(({ name, entries, totals, claim, ack, stats, oldest }) => [
      name,
      whole(entries),
      `${totals.isEstimated ? '~ ' : ''}${whole(totals.waiting)}`,
      ...[claim, ack, stats, oldest].map((ms) => fixed(ms)),
    ]),
  ]);
  for (const { name, entries, stats } of rows.filter((row) => row.entries === events)) {
    console.log(
      `${name}: stats() of ${whole(entries)} ${fixed(stats)} ms (${MAX_STATS_MS}: ${verdict(stats <= MAX_STATS_MS)})`,
    );
  }

  const shared = stores.filter((name) => name !== 'sqlite');
  if (shared.length === 0) return [];
  heading(`relays: ${whole(RELAYED)} events that another process left, delivered by 1, 2 and 4 processes`);
  const results = [];
  const failures = [];
  await withSink(async (sink, url) => {
    for (const name of shared) {
      for (const relays of RELAYS) {
        note(`${name}, ${relays} relays`);
        const result = await relayed(sink, url, name, relays);
        if (result.received < RELAYED) failures.push(`relays: ${name} lost ${RELAYED - result.received} events`);
        results.push({ name, relays, ...result });
      }
    }
  });
  note('');
  table([
    ['outbox', 'relays', 'events/s', 'CPU µs/event, all relays', 'largest share', 'twice'],
    ...results.map(({ name, relays, perSecond, cpuUs, largest, duplicates }) => [
      name,
      relays,
      whole(perSecond),
      fixed(cpuUs),
      `${fixed(100 * largest, 0)} %`,
      whole(duplicates),
    ]),
  ]);
  return failures;
}

/** The same operations on a short queue, on a long one, and on a long one whose first fifth is gone. */
function depths(name, events) {
  return withStore(name, async (place) => {
    const rows = [];
    let left = 0;
    let filled = 0;
    const fill = async (total) => {
      note(`${name}: fills up to ${whole(total)} entries`);
      await ask({ scenario: 'fill', place, events: total - left, first: filled });
      filled += total - left;
      left = total;
    };
    const probe = async (deliver) => {
      left -= deliver;
      const { probed, ...row } = await ask({ scenario: 'probe', place, events, deliver });
      rows.push({ name, entries: left, ...row });
      left -= probed;
    };
    await fill(SHORT);
    await probe(0);
    await fill(events);
    await probe(0);
    await probe(events / 5);
    note('');
    return rows;
  });
}

async function ask(config) {
  const child = startChild(
    './children/outbox.mjs',
    { url: 'http://127.0.0.1:9', ...config },
    { deadlineMs: DEADLINE_MS },
  );
  try {
    await child.next();
    return await child.ask('go');
  } finally {
    await child.stop();
  }
}

function relayed(sink, url, name, relays) {
  return withStore(name, async (place) => {
    await ask({ scenario: 'fill', place, events: RELAYED });
    await sink.ask({ reset: true });
    const config = { scenario: 'share', place, url, events: RELAYED };
    const children = Array.from({ length: relays }, () =>
      startChild('./children/outbox.mjs', config, { deadlineMs: DEADLINE_MS }),
    );
    try {
      await Promise.all(children.map((child) => child.next()));
      const startedAt = performance.now();
      for (const child of children) child.send('go');
      const total = () => children.reduce((sum, { progress = 0 }) => sum + progress, 0);
      while (total() < RELAYED) await sleep(10);
      const tookMs = performance.now() - startedAt;
      const shares = await Promise.all(children.map((child) => child.ask('stop')));
      const { received, duplicates } = await sink.ask({ report: true });
      return {
        perSecond: (RELAYED / tookMs) * 1_000,
        cpuUs: shares.reduce((sum, { cpuUs }) => sum + cpuUs, 0) / RELAYED,
        largest: Math.max(...shares.map(({ delivered }) => delivered)) / RELAYED,
        received,
        duplicates,
      };
    } finally {
      await Promise.all(children.map((child) => child.stop()));
    }
  });
}
