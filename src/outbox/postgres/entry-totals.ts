import type { OutboxStats } from '../outbox.js';
import type { Database } from './database.js';
import type { Statements } from './statements.js';

/** Where counting ends: it reads every row, which takes seconds for millions. */
export interface StatsLimits {
  /** The first entries of the queue, which are always counted. Nearly all claimed ones are among them. */
  readonly counted: number;
  /** The size in pages of a table that is counted whole. */
  readonly countedPages: number;
  /** The pages of a larger table from which the number of the others is estimated. */
  readonly sampledPages: number;
}

/** 25,000 pages are 200 MB. 1,000 pages are read in some 10 ms, and estimate a long queue within 10 %. */
const LIMITS: StatsLimits = { counted: 10_000, countedPages: 25_000, sampledPages: 1_000 };

type Totals = readonly [waiting: string, claimed: string, bytes: string];
/** With the position of the last one counted, and the size of the table. */
type Head = readonly [...Totals, last: string | null, pages: string];

/** Counts the entries, or estimates the number of those behind the first ones. */
export async function readStats(
  database: Database,
  { countHead, sample }: Statements,
  now: string | null,
  { counted, countedPages, sampledPages }: StatsLimits = LIMITS,
): Promise<OutboxStats> {
  const [waiting, claimed, bytes, last, pages] = (await database.run<Head>(countHead, [now, String(counted)])).map(
    Number,
  ) as [number, number, number, number, number];
  if (waiting + claimed < counted) return { waiting, claimed, bytes };
  const factor = pages <= countedPages ? 1 : Math.max(1, pages / sampledPages);
  // A parameter, not a subquery: PostgreSQL would take the scan for a long one and compile it, which takes longer than the scan.
  const values = [now, String(last), String(100 / factor)];
  const rest = (await database.run<Totals>(sample, values)).map((total) => Math.round(Number(total) * factor)) as [
    number,
    number,
    number,
  ];
  const totals = { waiting: waiting + rest[0], claimed: claimed + rest[1], bytes: bytes + rest[2] };
  return factor > 1 ? { ...totals, isEstimated: true } : totals;
}
