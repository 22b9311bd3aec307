import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunReport } from './crew/run.js';
import type { Schedule } from './plan/schedule.js';

const MAX_EXAMPLES = 5;

/** Prints the result of a run, and for a failed one how to replay it. */
export async function report(schedule: Schedule, run: RunReport, directory: string): Promise<void> {
  const { crew, seed, faultMs } = schedule;
  const { findings, figures, met } = run;
  const faults = [...met.values()].reduce((sum, times) => sum + times, 0);
  console.log(
    `\n${crew}, seed ${seed}: ${findings.length === 0 ? 'the books balance' : `${findings.length} FINDINGS`}`,
  );
  const words = Object.entries(figures).map(([name, value]) => `${name} ${value.toLocaleString('en')}`);
  console.log(`  ${words.join(', ')}; ${faults.toLocaleString('en')} faulty answers of ${met.size} kinds`);
  if (findings.length === 0) return;
  for (const kind of new Set(findings.map((finding) => finding.kind))) {
    const texts = findings.filter((finding) => finding.kind === kind).map(({ text }) => text);
    console.log(`  ${kind}: ${texts.length}`);
    for (const text of texts.slice(0, MAX_EXAMPLES)) console.log(`    ${text}`);
    if (texts.length > MAX_EXAMPLES) console.log(`    … and ${texts.length - MAX_EXAMPLES} more`);
  }
  const path = join(directory, 'schedule.json');
  await writeFile(path, JSON.stringify({ schedule, findings }, undefined, 1));
  console.log(`  Schedule and findings: ${path}; what each process wrote is in the same folder.`);
  console.log(`  Again: npm run test:chaos -- --seed ${seed} --crew ${crew} --minutes ${faultMs / 60_000}`);
}
