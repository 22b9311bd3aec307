import type { Collector } from 'ours-ingest/collector';
import { audit } from './audit.js';
import type { Ledger } from './ledger.js';

/** Says whether all is counted as it should be; otherwise what is not, and the process ends with 1. */
export function conclude(collector: Collector, ledger: Ledger, otherProblems: readonly string[]): void {
  const problems = [...audit(collector.report(), ledger), ...otherProblems];
  for (const problem of problems) console.error(`WRONG: ${problem}.`);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`All ${ledger.bought.length} purchases are there, each once, each for the variant its visitor saw.`);
}
