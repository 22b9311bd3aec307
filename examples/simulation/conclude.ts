import type { Collector } from 'ours-ingest/collector';
import { audit } from './audit.js';
import type { Ledger } from './ledger.js';

/** Reports whether all counts are correct; otherwise lists the problems, and the process exits with 1. */
export function conclude(collector: Collector, ledger: Ledger, otherProblems: readonly string[]): void {
  const problems = [...audit(collector.report(), ledger), ...otherProblems];
  for (const problem of problems) console.error(`WRONG: ${problem}.`);
  if (problems.length > 0) process.exitCode = 1;
  else
    console.log(`All ${ledger.bought.length} purchases were counted, each once, each for the variant its visitor saw.`);
}
