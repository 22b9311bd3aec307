// `npm run test:soak -- --minutes N`: a steady load with mild faults, and whether anything grows.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCrew } from '../chaos/crew/run.js';
import { readOptions } from '../chaos/options.js';
import { report } from '../chaos/report.js';
import { createChaosStore } from '../chaos/stores/create-store.js';
import { bundleProgram } from '../support/bundle.js';
import { type Growth, growthOf } from './growth.js';
import { planMildly } from './mild-schedule.js';

const ARTIFACTS = fileURLToPath(new URL('../../artifacts/soak', import.meta.url));

const { seed, crews, faultMs } = readOptions('test:soak', process.argv.slice(2));
console.log(`soak: ${faultMs / 60_000} minutes for ${crews.join(', ')}`);
const program = await bundleProgram(new URL('../chaos/worker/main.ts', import.meta.url));
try {
  for (const crew of crews) {
    const store = await createChaosStore(crew);
    if (store === undefined) {
      console.log(`${crew}: NOT RUN, its server is not installed here.`);
      continue;
    }
    try {
      const schedule = planMildly(seed, crew, faultMs);
      const directory = join(ARTIFACTS, crew);
      await rm(directory, { recursive: true, force: true });
      const run = await runCrew({ schedule, store, program: program.path, directory, say: console.log });
      await report(schedule, run, directory);
      const growths = growthOf([...run.samples.values()].flat());
      print(growths);
      if (run.findings.length > 0 || growths.some(({ isBounded }) => !isBounded)) process.exitCode = 1;
    } finally {
      await store.remove();
    }
  }
} finally {
  await program.remove();
}
// As in test/chaos/main.ts.
process.exit();

function print(growths: readonly Growth[]): void {
  const rows = growths.map(({ name, first, last, most, isBounded }) => ({
    figure: name,
    'first third': first,
    'last third': last,
    most,
    verdict: isBounded ? 'bounded' : 'GROWS',
  }));
  console.table(rows);
}
