import type { Collector, CollectorReport } from 'ours-ingest/collector';
import { audit } from './audit.js';
import type { Ledger } from './ledger.js';

/** Reports whether all counts are correct; otherwise lists the problems, and the process exits with 1. */
export function conclude(collector: Collector, ledger: Ledger, otherProblems: readonly string[]): void {
  const report = collector.report();
  const problems = [...audit(report, ledger), ...otherProblems];
  for (const problem of problems) console.error(`WRONG: ${problem}.`);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(allIsWell(report, ledger));
}

/** What an audit without problems has shown. A session converts once, however much its visitor buys. */
export function allIsWell({ experiments }: CollectorReport, { bought }: Ledger): string {
  const variants = experiments.flatMap((experiment) => experiment.variants);
  const converted = variants.reduce((sum, { conversions }) => sum + conversions, 0);
  return `All ${bought.length} purchases arrived, each once. ${converted} sessions converted, each for the variant its visitor saw.`;
}
