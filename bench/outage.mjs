import { installPeers } from './install.mjs';
import { ChildEnded, complaints, fixed, heading, note, sleep, startChild, table, whole, withSink } from './measure.mjs';
import { ROSTER, select } from './subjects/roster.mjs';

const EVENTS = 20_000;
const PER_SECOND = 2_000;
const OUTAGE_MS = 20_000;
/** How long after the outage a subject may take: retries of some are a minute apart. */
const RECOVERY_MS = 90_000;
/** A subject that says it is done may have requests under way. */
const QUIET_MS = 3_000;

const KINDS = [
  {
    title: 'every request answered 503',
    down: (sink) => sink.ask({ mode: '503' }),
    up: (sink) => sink.ask({ mode: 'ok' }),
  },
  {
    title: 'connections refused',
    down: (sink) => sink.ask({ listen: false }),
    up: (sink) => sink.ask({ listen: true }),
  },
];

/** The service is down when the events come, and back after 20 s. */
export async function run({ only } = {}) {
  installPeers();
  const roster = select(ROSTER, only);
  const failures = [];
  for (const kind of KINDS) {
    heading(
      `outage: ${OUTAGE_MS / 1000} s, ${kind.title}; ${whole(EVENTS)} events at ${whole(PER_SECOND)}/s from its start`,
    );
    const results = [];
    for (const subject of roster) {
      note(`${kind.title}: ${subject.name}`);
      results.push(await withSink((sink, url) => measure(sink, url, kind, subject)));
    }
    note('');
    table([
      ['subject', 'lost', 'sent twice', 'peak RSS MB', 'tries in the outage', 'all there after', 'process'],
      ...results.map(({ lost, duplicates, rssMb, tries, doneMs, crash }, at) => [
        roster[at].name,
        lost === 0 ? '0' : `${whole(lost)} (${fixed((100 * lost) / EVENTS, 0)} %)`,
        whole(duplicates),
        rssMb === undefined ? '?' : fixed(rssMb, 0),
        whole(tries),
        lost === 0 ? `${fixed(doneMs / 1000)} s` : '–',
        crash ?? 'ok',
      ]),
    ]);
    for (const [at, { lost, strangers, crash }] of results.entries()) {
      const { name, subject } = roster[at];
      const what = `outage, ${kind.title}: ${name}`;
      failures.push(...complaints(what, { worstLost: subject === 'ours' ? lost : 0, strangers }));
      if (subject === 'ours' && crash !== undefined) failures.push(`${what}: the process ${crash}`);
    }
  }
  return failures;
}

async function measure(sink, url, { down, up }, { name: _, ...config }) {
  const child = startChild('./children/outage.mjs', { ...config, url, events: EVENTS, perSecond: PER_SECOND });
  let crash;
  try {
    await child.next();
    await down(sink);
    await sink.ask({ reset: true });
    child.send('go');
    await sleep(OUTAGE_MS);
    // Connections that are refused never reach the sink: the child counts those it tried to open.
    const { refused } = await sink.ask({ report: true });
    const tries = Math.max(refused, child.progress?.attempts ?? 0);
    await up(sink);
    const upAt = performance.now();
    let drainedAt = Number.POSITIVE_INFINITY;
    child.ask('drain').then(
      () => (drainedAt = performance.now()),
      (error) => (crash = describeEnd(error)),
    );
    let seen;
    let lastNewAt = upAt;
    for (;;) {
      const before = seen?.received ?? 0;
      seen = await sink.ask({ report: true });
      const now = performance.now();
      if (seen.received > before) lastNewAt = now;
      const isDone = now > drainedAt + QUIET_MS && now > lastNewAt + QUIET_MS;
      if (seen.received === EVENTS || crash !== undefined || isDone || now > upAt + RECOVERY_MS) break;
      await sleep(100);
    }
    return {
      lost: EVENTS - seen.received,
      duplicates: seen.duplicates,
      rssMb: child.progress?.rssMb,
      strangers: child.progress?.strangers ?? [],
      tries,
      doneMs: lastNewAt - upAt,
      crash,
    };
  } finally {
    await child.stop();
  }
}

function describeEnd(error) {
  if (!(error instanceof ChildEnded)) throw error;
  const reason = error.stderr.split('\n').find((line) => /^\[?\w*Error\b/.test(line)) ?? '';
  return `${error.timedOut ? 'had to be killed' : 'CRASHED'} ${reason.trim().slice(0, 80)}`.trim();
}
