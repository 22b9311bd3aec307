// npm run bench [-- what…] [--runs n] [--events n] [--minutes n] [--only subject]…
import { existsSync, readdirSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { ChildEnded } from './measure.mjs';

/** What runs without an argument; `peers` ends with `outage`. */
const STANDARD = ['throughput', 'latency', 'transport', 'enqueue', 'cold', 'memory'];
const ALL = [
  ...STANDARD,
  'growth',
  'adapters',
  'outbox',
  'outbox-outage',
  'backlog',
  'bad-events',
  'collector',
  'peers',
  'outage',
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    events: { type: 'string' },
    minutes: { type: 'string' },
    only: { type: 'string', multiple: true },
  },
});
const unknown = positionals.filter((what) => !ALL.includes(what));
if (unknown.length > 0) {
  console.error(`unknown benchmark ${unknown.join(', ')}; there are: ${ALL.join(', ')}`);
  process.exit(2);
}
const built = new URL('../dist/index.js', import.meta.url);
if (!existsSync(built)) {
  console.error('dist/index.js is missing: run `npm run build` first.');
  process.exit(2);
}
if (newestSource() > statSync(built).mtimeMs)
  console.log('NOTE: src/ is newer than dist/: this measures the older build.');

const options = {
  ...(values.runs && { runs: Number(values.runs) }),
  ...(values.events && { events: Number(values.events) }),
  ...(values.minutes && { minutes: Number(values.minutes) }),
  ...(values.only && { only: values.only }),
};
console.log(`Node ${process.version}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}`);
const failures = [];
for (const what of positionals.length > 0 ? positionals : STANDARD) {
  const { run } = await import(`./${what}.mjs`);
  try {
    failures.push(...(await run(options)));
  } catch (error) {
    if (!(error instanceof ChildEnded)) throw error;
    failures.push(`${what}: ${error.message}`);
  }
}
for (const failure of failures) console.error(`FAILED ${failure}`);
process.exitCode = failures.length > 0 ? 1 : 0;

function newestSource() {
  const src = new URL('../src/', import.meta.url);
  return Math.max(...readdirSync(src, { recursive: true }).map((file) => statSync(new URL(file, src)).mtimeMs));
}
