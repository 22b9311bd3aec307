import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { fixed, heading, median, note, startChild, table, verdict, whole } from './measure.mjs';
import { BUSY, busyRows, EVENTS_PER_VISITOR, expected, experiment, impressionRow, trackRow } from './visits.mjs';

const ROWS = 100;
const AT_ONCE = 4;
const MIN_PER_SECOND = 25_000;
const MAX_FIRST_MS = 1_500;
const MAX_AGAIN_MS = 100;
const MAX_PAGE_MS = 200;
/** What garbage collection, the allocator and SQLite's cache leave to chance, MB. */
const SLACK_MB = 10;
const DEADLINE_MS = 1_800_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const TOKEN = 'test_bench';

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
    const pool = new Pool(url, { connections: AT_ONCE, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
    const refused = await takeIn(child, pool, visitors);
    console.log(`data file ${fixed(statSync(data).size / 1024 / 1024, 0)} MB`);
    const wrong = await ask(child, pool, visitors, runs);
    const busy = await askAboutBusyVisitor(child, pool, runs);
    await askForReport(child, pool);
    await pool.close();
    return [...refused, ...wrong, ...busy];
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
  const samples = [];
  let refused = 0;
  let { cpuMs } = await child.ask({ clockAheadMs: -DAY_MS });
  const step = async (what, path, bodyOf) => {
    note(what);
    const startedAt = performance.now();
    refused += await postAll(pool, path, visitors, bodyOf);
    const perSecond = (visitors / (performance.now() - startedAt)) * 1000;
    const sample = await child.ask({ sample: true });
    samples.push({ what, perSecond, cpuUs: ((sample.cpuMs - cpuMs) / visitors) * 1000, ...sample });
    cpuMs = sample.cpuMs;
  };

  await step('impressions', '/ingest', (places) => ({ token: TOKEN, data: places.map(impressionRow) }));
  const exposedAt = Date.now() - DAY_MS;
  await child.ask({ clockAheadMs: 0 });
  for (let turn = 1; turn <= EVENTS_PER_VISITOR; turn += 1) {
    await step(`event ${turn} of each`, '/api/v1/batch', (places) => ({
      token: TOKEN,
      events: places.map((visitor) => trackRow(visitor, turn, exposedAt)),
    }));
  }
  note('');
  table([
    ['', 'rows/s', 'CPU µs/row', 'RSS MB', 'heap after GC MB'],
    ...samples.map(({ what, perSecond, cpuUs, rssMb, heapMb }) => [
      what,
      whole(perSecond),
      fixed(cpuUs),
      fixed(rssMb),
      fixed(heapMb),
    ]),
  ]);
  const [, ...batches] = samples;
  const perSecond = median(batches.map((sample) => sample.perSecond));
  const growth = batches.at(-1).rssMb - batches[0].rssMb;
  const cpuUs = median(batches.map((sample) => sample.cpuUs));
  console.log(
    `median through /batch ${whole(perSecond)} events/s (≥ ${whole(MIN_PER_SECOND)}: ${verdict(perSecond >= MIN_PER_SECOND)}), ` +
      `last to first step ${fixed(batches.at(-1).perSecond / batches[0].perSecond, 2)}; ` +
      `CPU of the collector ${fixed(cpuUs)} µs/event, a core's worth is ${whole(1_000_000 / cpuUs)} events/s`,
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
      refused += await post(pool, path, bodyOf(places), places.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  return refused;
}

async function post(pool, path, rows, count) {
  const body = JSON.stringify(rows);
  const answer = await pool.request({ path, method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { success } = await answer.body.json();
  return answer.statusCode === 200 && success === true ? 0 : count;
}

let more = 0;

/** One more event of a visitor of the crowd, which changes no count. */
async function postOneMore(pool, userId = 'visitor-1') {
  more += 1;
  await post(
    pool,
    '/api/v1/batch',
    { token: TOKEN, events: [{ event: 'page_view', userId, distinctId: `more:${more}` }] },
    1,
  );
}

/** The questions of the API and of the pages: each for the first time, then after one more event each time. */
async function ask(child, pool, visitors, runs) {
  heading(`collector, questions over ${whole(visitors * (1 + EVENTS_PER_VISITOR))} events, medians of ${runs}`);
  const platform = `/rest/v1/experiments/${experiment.key}`;
  const questions = [
    ['results', `${platform}/results`],
    ['results by day', `${platform}/results-time-series`],
    ['results for another event', `${platform}/results?eventName=page_view`],
    ['page: all experiments', '/experiments'],
    ['page: an experiment', `/experiments/${experiment.key}`],
    ['page: newest events', '/'],
    ['page: newest of a frequent event', '/?event=page_view'],
    ['page: events of a name nobody sent', '/?event=nothing'],
    ['page: events of one visitor', '/?visitor=visitor-77'],
    ['page: one visitor', '/visitors/77'],
  ];
  const before = await child.ask({ sample: true });
  const answers = await askEach(child, pool, questions, runs, () => postOneMore(pool));
  printAnswers(answers);
  const first = Math.max(...answers.slice(0, 4).map(({ ms }) => ms));
  const again = Math.max(...answers.slice(0, 4).map(({ medianMs }) => medianMs));
  console.log(
    `results, by day, for another event, all experiments: first ${fixed(first, 0)} ms ` +
      `(≤ ${whole(MAX_FIRST_MS)}: ${verdict(first <= MAX_FIRST_MS)}), after one more event ${fixed(again, 0)} ms ` +
      `(≤ ${MAX_AGAIN_MS}: ${verdict(again <= MAX_AGAIN_MS)})`,
  );
  console.log(
    `RSS before the questions ${fixed(before.rssMb)} MB, after them ${fixed(answers.at(-1).rssMb)}, highest so far ${fixed(answers.at(-1).peakMb)}`,
  );
  const results = answers[0];
  return [...failuresOf(answers), ...(results.status === 200 ? miscounts(JSON.parse(results.text), visitors) : [])];
}

/** A visitor such as a load test's, with thousands of impressions and tens of thousands of events. */
async function askAboutBusyVisitor(child, pool, runs) {
  heading(
    `collector, a visitor with ${whole(BUSY.impressions)} impressions and ${whole(BUSY.events)} events, medians of ${runs}`,
  );
  const startedAt = performance.now();
  const before = await child.ask({ sample: true });
  let sent = 0;
  for (const { path, rows } of busyRows(Date.now())) {
    const field = path === '/ingest' ? 'data' : 'events';
    for (let from = 0; from < rows.length; from += ROWS) {
      const part = rows.slice(from, from + ROWS);
      await post(pool, path, { token: TOKEN, [field]: part }, part.length);
      sent += part.length;
    }
  }
  const after = await child.ask({ sample: true });
  const perSecond = (sent / (performance.now() - startedAt)) * 1000;
  console.log(`${whole(perSecond)} rows/s, CPU ${fixed(((after.cpuMs - before.cpuMs) / sent) * 1000)} µs/row`);
  const { text } = await timed(child, pool, `/?visitor=${BUSY.name}`);
  const [, visitor] = /\/visitors\/(\d+)/.exec(text);
  const questions = [
    ['results', `/rest/v1/experiments/${experiment.key}/results`],
    ['page: all experiments', '/experiments'],
    ['page: an experiment', `/experiments/${experiment.key}`],
    ['page: newest events', '/'],
    ['page: events of the visitor', `/?visitor=${BUSY.name}`],
    ['page: the visitor', `/visitors/${visitor}`],
  ];
  const answers = await askEach(child, pool, questions, runs, () => postOneMore(pool, BUSY.name));
  printAnswers(answers);
  const slowest = Math.max(...answers.map(({ medianMs }) => medianMs));
  console.log(
    `slowest after one more event of the visitor ${fixed(slowest, 0)} ms (≤ ${MAX_PAGE_MS}: ${verdict(slowest <= MAX_PAGE_MS)})`,
  );
  return failuresOf(answers);
}

/** The report, which lists a line for every event, so it is asked for in the collector's own process. */
async function askForReport(child, pool) {
  heading('collector, report(): the results, then a verdict for every event');
  const first = await child.ask({ report: true });
  await postOneMore(pool);
  const again = await child.ask({ report: true });
  const { peakMb } = await child.ask({ sample: true });
  console.log(
    `results ${fixed(first.ms, 0)} ms, after one more event ${fixed(again.ms, 0)} ms; ${whole(first.events)} events listed in ${fixed(first.listMs, 0)} ms, then ${fixed(again.listMs, 0)} ms; highest RSS ${fixed(peakMb)} MB`,
  );
}

async function askEach(child, pool, questions, runs, between) {
  const answers = [];
  for (const [name, path] of questions) {
    note(name);
    const first = await timed(child, pool, path);
    const others = [];
    for (let round = 0; round < runs; round += 1) {
      await between();
      others.push(await timed(child, pool, path));
    }
    const middle = (field) => median(others.map((answer) => answer[field]));
    answers.push({
      name,
      ...first,
      medianMs: middle('ms'),
      medianCpuMs: middle('cpuMs'),
      ...(await child.ask({ sample: true })),
      firstCpuMs: first.cpuMs,
    });
  }
  note('');
  return answers;
}

function printAnswers(answers) {
  table([
    ['', 'first ms', 'its CPU ms', 'after one more event ms', 'its CPU ms', 'KB', 'RSS MB'],
    ...answers.map(({ name, ms, firstCpuMs, medianMs, medianCpuMs, text, rssMb }) => [
      name,
      fixed(ms, 0),
      fixed(firstCpuMs, 0),
      fixed(medianMs, 0),
      fixed(medianCpuMs, 0),
      fixed(text.length / 1024, 0),
      fixed(rssMb),
    ]),
  ]);
}

function failuresOf(answers) {
  return answers
    .filter(({ status }) => status !== 200)
    .map(({ name, status }) => `collector: ${name} answered ${status}`);
}

/** The time of an answer, and the CPU time that the collector spent on it. */
async function timed(child, pool, path) {
  const before = await child.ask({ sample: true });
  const startedAt = performance.now();
  const { statusCode, body } = await pool.request({ path, method: 'GET' });
  const text = await body.text();
  const ms = performance.now() - startedAt;
  const after = await child.ask({ cpu: true });
  return { ms, cpuMs: after.cpuMs - before.cpuAfterMs, status: statusCode, text };
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
