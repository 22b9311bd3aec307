import { readFileSync } from 'node:fs';
import { attributionCases, isAttributionFile } from './attribution-format.js';
import { bayesCases, isBayesFile } from './bayes-format.js';
import type { Case } from './case.js';

/** All cases pass; some fail; a file has another format, which is found before any case runs. */
export type ExitCode = 0 | 1 | 2;

/** Runs every case of every file and reports the results by `say`, line by line. */
export function runFiles(files: readonly string[], say: (line: string) => void): ExitCode {
  const read = files.map((file) => ({ file, ...readCases(file) }));
  const unreadable = read.filter(({ problem }) => problem !== undefined);
  for (const { file, problem } of unreadable) say(`${file}: ${problem}`);
  if (unreadable.length > 0) return 2;

  let passed = 0;
  let failed = 0;
  for (const { file, cases } of read) {
    say(file);
    for (const one of cases) {
      const differences = differencesOf(one);
      if (differences.length === 0) passed += 1;
      else failed += 1;
      say(`  ${differences.length === 0 ? 'ok  ' : 'FAIL'} ${one.name}`);
      for (const difference of differences) say(`         ${difference}`);
    }
  }
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** A case that throws fails like one that differs, so that the others still run. */
function differencesOf(one: Case): string[] {
  try {
    return one.differences();
  } catch (error) {
    return [`cannot be run: ${error instanceof Error ? error.message : error}`];
  }
}

/** The cases of a file. Its content determines the format. */
function readCases(file: string): { cases: readonly Case[]; problem?: string } {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return { cases: [], problem: `cannot be read: ${error instanceof Error ? error.message : error}` };
  }
  const cases =
    typeof content === 'object' && content !== null
      ? [
          ...(isAttributionFile(content) ? attributionCases(content) : []),
          ...(isBayesFile(content) ? bayesCases(content) : []),
        ]
      : [];
  if (cases.length > 0) return { cases };
  return {
    cases: [],
    problem: 'holds neither attribution scenarios ("scenarios") nor Bayes cases ("cases", "interval95" or "srm")',
  };
}
