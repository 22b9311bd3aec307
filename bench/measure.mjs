// What every benchmark here shares: child processes with a message protocol and a deadline, medians, tables.
import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';

/** Children see nothing of our environment: no proxy, no NODE_OPTIONS with a loader, no OURS_*. */
const CHILD_ENV = { PATH: process.env.PATH, HOME: process.env.HOME };

const running = new Set();
const killAll = () => {
  for (const child of running) child.kill('SIGKILL');
};
process.on('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** A child that ended before it had said what was asked of it. */
export class ChildEnded extends Error {
  constructor(file, why, stderr) {
    super(`${file} ${why}${stderr === '' ? '' : `\n${stderr}`}`);
    this.stderr = stderr;
    this.timedOut = why.startsWith('was killed');
  }
}

/**
 * Forks `file` with `config` as its argument. It lives until `stop()`, at the longest for `deadlineMs`; then it is killed
 * by its handle. Messages are kept until `next()` asks for them; one that has `progress` only replaces `child.progress`.
 */
export function startChild(file, config = {}, { deadlineMs = 120_000, execArgv = [] } = {}) {
  const child = fork(new URL(file, import.meta.url), [JSON.stringify(config)], {
    env: CHILD_ENV,
    execArgv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  running.add(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr = (stderr + text).slice(-4_000);
  });
  let timedOut = false;
  const deadline = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, deadlineMs);

  const inbox = [];
  let waiting;
  let ended;
  const handle = {
    progress: undefined,
    send: (message) => child.connected && child.send(message),
    next: () =>
      new Promise((resolve, reject) => {
        if (inbox.length > 0) resolve(inbox.shift());
        else if (ended !== undefined) reject(ended);
        else waiting = { resolve, reject };
      }),
    async ask(message) {
      handle.send(message);
      return handle.next();
    },
    async stop() {
      child.kill('SIGKILL');
      await gone;
    },
  };
  child.on('message', (message) => {
    if (message.progress !== undefined) handle.progress = message.progress;
    else if (waiting === undefined) inbox.push(message);
    else {
      waiting.resolve(message);
      waiting = undefined;
    }
  });
  // 'close' comes after the last of stderr and of the messages, 'exit' may come before.
  const gone = new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(deadline);
      running.delete(child);
      const why = timedOut ? `was killed after ${deadlineMs} ms` : `ended by itself with ${signal ?? code}`;
      ended = new ChildEnded(file, why, stderr.trim());
      waiting?.reject(ended);
      waiting = undefined;
      resolve();
    });
  });
  return handle;
}

/** Runs `work` with a sink of its own. */
export async function withSink(work) {
  const sink = startChild('./sink.mjs', {}, { deadlineMs: 2 ** 31 - 1 });
  try {
    const { port } = await sink.next();
    return await work(sink, `http://127.0.0.1:${port}`);
  } finally {
    await sink.stop();
  }
}

/** One run of children/load.mjs in a fresh process, with what the sink saw of it. */
export async function runLoad(sink, config, options) {
  const child = startChild('./children/load.mjs', config, options);
  try {
    await child.next();
    await sink.ask({ reset: true });
    const result = await child.ask('go');
    const seen = await sink.ask({ report: true });
    return {
      ...result,
      ...seen,
      lost: config.events - seen.received,
      perSecond: (seen.received / result.tookMs) * 1000,
    };
  } finally {
    await child.stop();
  }
}

/** Runs every subject once, then every subject once more, …: noise that comes and goes meets all of them alike. */
export async function interleave(subjects, runs, once) {
  const results = new Map(subjects.map((subject) => [subject, []]));
  for (let run = 1; run <= runs; run += 1) {
    for (const subject of subjects) {
      note(`run ${run}/${runs}: ${subject.name ?? subject}`);
      results.get(subject).push(await once(subject));
    }
  }
  note('');
  return subjects.map((subject) => summarise(results.get(subject)));
}

/** The median of every figure; of what must never happen, the worst. */
function summarise(results) {
  const keys = Object.keys(results[0]).filter((key) => typeof results[0][key] === 'number');
  const summary = Object.fromEntries(keys.map((key) => [key, median(results.map((result) => result[key]))]));
  summary.strangers = results.flatMap((result) => result.strangers ?? []);
  if (keys.includes('lost')) summary.worstLost = Math.max(...results.map((result) => result.lost));
  summary.runs = results;
  return summary;
}

/** The median of the ratios within each run: a busy neighbour slows both down. */
export function ratioOf(one, other, key) {
  return median(one.runs.map((result, at) => result[key] / other.runs[at][key]));
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What must not happen in any benchmark, as sentences; none is good. */
export function complaints(name, { worstLost = 0, strangers = [] }) {
  return [
    ...(worstLost > 0 ? [`${name}: ${worstLost} events lost`] : []),
    ...(strangers.length > 0 ? [`${name}: tried to contact ${[...new Set(strangers)].join(', ')}`] : []),
  ];
}

export function heading(text) {
  console.log(`\n${styleText('bold', text)}`);
}

/** Prints rows of cells, the first row being the header: text to the left, figures to the right. */
export function table(rows) {
  const texts = rows.map((row) => row.map((cell) => String(cell)));
  const widths = texts[0].map((_, column) => Math.max(...texts.map((row) => row[column].length)));
  for (const [at, row] of texts.entries()) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    console.log(`| ${cells.join(' | ')} |`);
    if (at === 0)
      console.log(`|${widths.map((width, column) => `${'-'.repeat(width + 1)}${column ? ':' : '-'}`).join('|')}|`);
  }
}

export const fixed = (value, digits = 1) => value.toFixed(digits);
export const whole = (value) => Math.round(value).toLocaleString('en-US');

/** Says whether a figure is within its bound, without failing: figures depend on the machine. */
export const verdict = (isGood) => (isGood ? 'met' : 'MISSED');

/** Progress, on a terminal only and overwritten by the next. */
export function note(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

export { sleep };
