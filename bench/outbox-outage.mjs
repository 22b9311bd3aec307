import { statSync } from 'node:fs';
import { fixed, heading, note, sleep, startChild, table, verdict, whole, withSink } from './measure.mjs';
import { STORES, selectStores, withStore } from './stores.mjs';

const PER_SECOND = 2_000;
const BEFORE_MS = 5_000;
const LOOK_MS = 250;
/** Events that are on their way all the time: those of a flush interval and of two looks. */
const IN_FLIGHT = PER_SECOND * 2;
const MAX_RECOVERY_MS = 20 * 60_000;
const MIN_DRAIN_PER_SECOND = 10_000;
/** The rest may be events that probes skipped, which wait up to five minutes (docs/delivery.md). */
const NEARLY_ALL = 0.95;
/** What garbage collection and the allocator leave to chance, MB. */
const SLACK_MB = 30;

/** The service is down for minutes while events go on coming: nothing may be lost, nothing may grow but the store. */
export async function run({ minutes = 10, only } = {}) {
  const failures = [];
  const stores = selectStores(
    STORES.filter((name) => name !== 'memory'),
    only ?? ['sqlite'],
  );
  heading(`outbox-outage: ${minutes} minutes of 503 at ${whole(PER_SECOND)} events/s, which go on while it drains`);
  const results = [];
  for (const name of stores) {
    results.push(await withStore(name, (place) => withSink((sink, url) => measure(sink, url, place, minutes))));
  }
  note('');
  table([
    [
      'outbox',
      'tracked',
      'lost',
      'twice',
      'dropped',
      'RSS MB at 1/4',
      'lowest',
      'highest',
      'peak draining',
      'waiting at its end',
      '95 % drained in s',
      'delivered/s until then',
      'all in s',
    ],
    ...results.map((result, at) => [
      stores[at],
      whole(result.tracked),
      whole(result.lost),
      whole(result.duplicates),
      whole(result.dropped),
      ...[result.firstMb, result.lowestMb, result.highestMb, result.drainingMb].map((value) => fixed(value, 0)),
      whole(result.backlog),
      fixed(result.nearlyMs / 1000),
      whole(result.deliveredPerSecond),
      fixed(result.drainMs / 1000),
    ]),
  ]);
  for (const [at, { highestMb, lowestMb, deliveredPerSecond, lost, dropped, fileMb, warnings }] of results.entries()) {
    const name = stores[at];
    console.log(
      `${name}: RSS within ${SLACK_MB} MB after the first minute: ${verdict(highestMb - lowestMb <= SLACK_MB)}, delivered ≥ ${whole(MIN_DRAIN_PER_SECOND)}/s: ${verdict(deliveredPerSecond >= MIN_DRAIN_PER_SECOND)}${fileMb === undefined ? '' : `, file ${fixed(fileMb, 0)} MB`}`,
    );
    for (const warning of warnings) console.log(`${name} said: ${warning}`);
    if (lost > 0 || dropped > 0) failures.push(`outbox-outage: ${name} lost ${lost} events and dropped ${dropped}`);
  }
  return failures;
}

async function measure(sink, url, place, minutes) {
  const outageMs = minutes * 60_000;
  const child = startChild(
    './children/outbox-outage.mjs',
    { place, url, perSecond: PER_SECOND },
    { deadlineMs: BEFORE_MS + outageMs + MAX_RECOVERY_MS },
  );
  const warnings = new Set();
  const samples = [];
  /** Looks at the child every so often until `isOver` says so. */
  async function watch(isOver) {
    for (;;) {
      const { progress } = child;
      if (progress !== undefined) {
        if (progress.warning !== undefined) warnings.add(progress.warning);
        samples.push({ ...progress, at: performance.now() });
        note(`${place.name}: ${whole(progress.tracked)} tracked, RSS ${fixed(progress.rssMb, 0)} MB`);
      }
      if (await isOver(progress)) return;
      await sleep(LOOK_MS);
    }
  }
  const after = (ms) => {
    const at = performance.now() + ms;
    return async () => performance.now() >= at;
  };
  try {
    await child.next();
    child.send('go');
    await watch(after(BEFORE_MS));
    const { received: before } = await sink.ask({ report: true });
    if (before === 0) throw new Error('nothing arrived before the outage');

    await sink.ask({ mode: '503' });
    const downAt = performance.now();
    await watch(after(outageMs));
    const fileMb = place.file === undefined ? undefined : statSync(place.file).size / 1024 / 1024;
    const { received: atUp } = await sink.ask({ report: true });
    const backlog = child.progress.tracked - atUp;
    await sink.ask({ mode: 'ok' });
    const upAt = performance.now();

    let seen;
    let nearlyMs = Number.NaN;
    let deliveredPerSecond = 0;
    await watch(async ({ tracked }) => {
      seen = await sink.ask({ report: true });
      const isNearly = tracked - seen.received <= Math.max(IN_FLIGHT, backlog * (1 - NEARLY_ALL));
      if (isNearly && Number.isNaN(nearlyMs)) {
        nearlyMs = performance.now() - upAt;
        deliveredPerSecond = ((seen.received - atUp) / nearlyMs) * 1000;
      }
      return tracked - seen.received <= IN_FLIGHT || performance.now() > upAt + MAX_RECOVERY_MS;
    });
    const drainMs = performance.now() - upAt;

    const { tracked } = await child.ask('end');
    const endAt = performance.now() + 60_000;
    while (seen.received < tracked && performance.now() < endAt) {
      await sleep(LOOK_MS);
      seen = await sink.ask({ report: true });
    }
    const down = samples.filter(({ at }) => at > downAt + Math.min(60_000, outageMs / 4) && at < upAt);
    const rss = down.map(({ rssMb }) => rssMb);
    return {
      tracked,
      lost: tracked - seen.received,
      duplicates: seen.duplicates,
      dropped: child.progress.dropped,
      firstMb: rss[0],
      lowestMb: Math.min(...rss),
      highestMb: Math.max(...rss),
      drainingMb: Math.max(...samples.filter(({ at }) => at >= upAt).map(({ rssMb }) => rssMb)),
      fileMb,
      backlog,
      nearlyMs,
      drainMs,
      deliveredPerSecond,
      warnings,
    };
  } finally {
    await child.stop();
  }
}
