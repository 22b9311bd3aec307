// `npm run test:chaos`: processes that track and deliver, faults of every kind around them, and the books at the end.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram } from '../support/bundle.js';
import { runCrew } from './crew/run.js';
import { readOptions } from './options.js';
import { type CrewName, planSchedule } from './plan/schedule.js';
import { report } from './report.js';
import { createChaosStore } from './stores/create-store.js';

const ARTIFACTS = fileURLToPath(new URL('../../artifacts/chaos', import.meta.url));
/** The exit code for a CI step that could not be tried. */
const NOT_RUN = 75;

const { seed, crews, faultMs } = readOptions('test:chaos', process.argv.slice(2));
console.log(`chaos: seed ${seed}, ${faultMs / 60_000} minutes of faults for ${crews.join(', ')}`);
const program = await bundleProgram(new URL('worker/main.ts', import.meta.url));
try {
  const results = await Promise.all(crews.map(play));
  const failed = results.filter((result) => result === 'failed').length;
  const absent = results.filter((result) => result === 'absent').length;
  if (failed > 0) process.exitCode = 1;
  else if (absent > 0) process.exitCode = process.env.CI ? 1 : absent === results.length ? NOT_RUN : 0;
} finally {
  await program.remove();
}
// Node 20 sometimes spins for ever while it closes the handles of such a long program at its natural end.
process.exit();

async function play(crew: CrewName): Promise<'passed' | 'failed' | 'absent'> {
  const store = await createChaosStore(crew);
  if (store === undefined) {
    console.log(`${crew}: NOT RUN, its server is not installed here.`);
    return 'absent';
  }
  const schedule = planSchedule(seed, crew, faultMs);
  const directory = join(ARTIFACTS, `${crew}-${seed}`);
  try {
    await rm(directory, { recursive: true, force: true });
    const run = await runCrew({ schedule, store, program: program.path, directory, say: console.log });
    await report(schedule, run, directory);
    if (run.findings.length > 0) return 'failed';
    await rm(directory, { recursive: true, force: true });
    return 'passed';
  } finally {
    await store.remove();
  }
}
