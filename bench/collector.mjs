import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { fixed, heading, median, note, startChild, table, verdict, whole } from './measure.mjs';
import { EVENTS_PER_VISITOR, expected, experiment, impressionRow, trackRow } from './visits.mjs';

const ROWS = 100;
const AT_ONCE = 4;
const MIN_PER_SECOND = 20_000;
const MAX_RESULTS_MS = 2_000;
/** What garbage collection, the allocator and SQLite's cache leave to chance, MB. */
const SLACK_MB = 10;
const DEADLINE_MS = 600_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A collector with a million events of a hundred thousand visitors: taking them, and answering from them. */
export async function run({ runs = 5, events = 1_000_000 } = {}) {
  const visitors = Math.floor(events / (1 + EVENTS_PER_VISITOR));
  const folder = mkdtempSync(join(tmpdir(), 'ours-bench-'));
  const data = join(folder, 'collector.db');
  const child = startChild(
    './children/collector.mjs',
    { data, experiment },
    { deadlineMs: DEADLINE_MS, execArgv: ['--expose-gc'] },
  );
  try {
    const { url } = await child.next();
    const pool = new Pool(url, { connections: AT_ONCE, pipelining: 1 });
    const refused = await takeIn(child, pool, visitors);
    console.log(`data file ${fixed(statSync(data).size / 1024 / 1024, 0)} MB`);
    const wrong = await ask(child, pool, visitors, runs);
    await pool.close();
    return [...refused, ...wrong];
  } finally {
    await child.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Every visitor is exposed by the browser's route a day ago, then come their events through the API, visit by visit. */
async function takeIn(child, pool, visitors) {
  heading(
    `collector, ingest: ${whole(visitors)} impressions through /ingest, then ${whole(visitors * EVENTS_PER_VISITOR)} events through /batch; ${ROWS} rows × ${AT_ONCE}`,
  );
  const token = 'test_bench';
  const samples = [];
  let refused = 0;
  const step = async (what, path, bodyOf) => {
    note(what);
    const startedAt = performance.now();
    refused += await postAll(pool, path, visitors, bodyOf);
    const perSecond = (visitors / (performance.now() - startedAt)) * 1000;
    samples.push({ what, perSecond, ...(await child.ask({ sample: true })) });
  };

  await child.ask({ clockAheadMs: -DAY_MS });
  await step('impressions', '/ingest', (places) => ({ token, data: places.map(impressionRow) }));
  const exposedAt = Date.now() - DAY_MS;
  await child.ask({ clockAheadMs: 0 });
  for (let turn = 1; turn <= EVENTS_PER_VISITOR; turn += 1) {
    await step(`event ${turn} of each`, '/api/v1/batch', (places) => ({
      token,
      events: places.map((visitor) => trackRow(visitor, turn, exposedAt)),
    }));
  }
  note('');
  table([
    ['', 'rows/s', 'RSS MB', 'heap after GC MB'],
    ...samples.map(({ what, perSecond, rssMb, heapMb }) => [what, whole(perSecond), fixed(rssMb), fixed(heapMb)]),
  ]);
  const [, ...batches] = samples;
  const perSecond = median(batches.map((sample) => sample.perSecond));
  const growth = batches.at(-1).rssMb - batches[0].rssMb;
  console.log(
    `median through /batch ${whole(perSecond)} events/s (≥ ${whole(MIN_PER_SECOND)}: ${verdict(perSecond >= MIN_PER_SECOND)}), ` +
      `last to first step ${fixed(batches.at(-1).perSecond / batches[0].perSecond, 2)}`,
  );
  console.log(
    `growth of RSS since the first step of events ${fixed(growth)} MB (≤ ${SLACK_MB}: ${verdict(growth <= SLACK_MB)})`,
  );
  return refused === 0 ? [] : [`collector: ${refused} rows were not accepted`];
}

/** Posts every visitor's row, `AT_ONCE` requests under way all the time; says how many rows were not accepted. */
async function postAll(pool, path, visitors, bodyOf) {
  let next = 0;
  let refused = 0;
  const sender = async () => {
    while (next < visitors) {
      const places = Array.from({ length: Math.min(ROWS, visitors - next) }, (_, i) => next + i);
      next += places.length;
      const body = JSON.stringify(bodyOf(places));
      const answer = await pool.request({
        path,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      const { success } = await answer.body.json();
      if (answer.statusCode !== 200 || success !== true) refused += places.length;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  return refused;
}

/** The questions of the API and of the page, each once for its first answer and `runs` times more. */
async function ask(child, pool, visitors, runs) {
  heading(`collector, questions over ${whole(visitors * (1 + EVENTS_PER_VISITOR))} events, medians of ${runs}`);
  const platform = `/rest/v1/experiments/${experiment.key}`;
  const questions = [
    ['results', `${platform}/results`],
    ['results for another event', `${platform}/results?eventName=page_view`],
    ['results by day', `${platform}/results-time-series`],
    ['page: newest events', '/'],
    ['page: newest of a frequent event', '/?event=page_view'],
    ['page: events of a name nobody sent', '/?event=nothing'],
    ['page: events of one visitor', '/?visitor=visitor-77'],
    ['page: one visitor', '/visitors/77'],
    ['page: an experiment', `/experiments/${experiment.key}`],
  ];
  const before = await child.ask({ sample: true });
  const answers = [];
  for (const [name, path] of questions) {
    note(name);
    const first = await timed(pool, path);
    const others = [];
    for (let round = 0; round < runs; round += 1) others.push((await timed(pool, path)).ms);
    answers.push({ name, ...first, medianMs: median(others), ...(await child.ask({ sample: true })) });
  }
  note('');
  table([
    ['', 'first ms', 'median ms', 'KB', 'RSS MB'],
    ...answers.map(({ name, ms, medianMs, text, rssMb }) => [
      name,
      fixed(ms, 0),
      fixed(medianMs, 0),
      fixed(text.length / 1024, 0),
      fixed(rssMb),
    ]),
  ]);
  const results = answers[0];
  const slowest = Math.max(results.ms, results.medianMs);
  console.log(`results ${fixed(slowest, 0)} ms (≤ ${whole(MAX_RESULTS_MS)}: ${verdict(slowest <= MAX_RESULTS_MS)})`);
  console.log(`RSS before the questions ${fixed(before.rssMb)} MB, after them ${fixed(answers.at(-1).rssMb)}`);
  return [
    ...answers
      .filter(({ status }) => status !== 200)
      .map(({ name, status }) => `collector: ${name} answered ${status}`),
    ...(results.status === 200 ? miscounts(JSON.parse(results.text), visitors) : []),
  ];
}

async function timed(pool, path) {
  const startedAt = performance.now();
  const { statusCode, body } = await pool.request({ path, method: 'GET' });
  const text = await body.text();
  return { ms: performance.now() - startedAt, status: statusCode, text };
}

/** Results that are fast but wrong are none. */
function miscounts({ variants }, visitors) {
  return variants.flatMap(({ name, impressions, conversions }) => {
    const right = expected(name, visitors);
    if (impressions === right.impressions && conversions === right.conversions) return [];
    return [
      `collector: variant ${name} has ${conversions} of ${impressions}, not ${right.conversions} of ${right.impressions}`,
    ];
  });
}
