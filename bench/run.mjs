import { fork } from 'node:child_process';

const here = (f) => new URL(f, import.meta.url);
const message = (child) =>
  new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (c) => reject(new Error('exit ' + c)));
  });
const median = (a) => a.slice().sort((x, y) => x - y)[a.length >> 1];
const [rows, reps, subjects, delay] = [
  Number(process.argv[2] ?? 500),
  Number(process.argv[3] ?? 5),
  (process.argv[4] ?? 'floor,ours').split(','),
  process.argv[5] ?? '0',
];
const sink = fork(here('sink.mjs'), { env: { ...process.env, DELAY_MS: delay } });
const { port } = await message(sink);
const results = {};
for (let i = 0; i < reps; i++)
  for (const subject of subjects) {
    sink.send('reset');
    const child = fork(here('child.mjs'), [
      JSON.stringify({ subject, url: `http://127.0.0.1:${port}`, rows, events: 100_000 }),
    ]);
    const r = await message(child);
    sink.send('report');
    const counts = await message(sink);
    (results[subject] ??= []).push({ ...r, ...counts });
  }
for (const s of subjects)
  console.log(
    rows,
    s.padEnd(8),
    Object.keys(results[s][0])
      .map((k) => `${k} ${median(results[s].map((r) => r[k])).toFixed(1)}`)
      .join('  '),
  );
console.log('ratio', (median(results.ours.map((r) => r.cpuUs)) / median(results.floor.map((r) => r.cpuUs))).toFixed(2));
sink.kill();
