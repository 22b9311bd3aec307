import { count } from '../amounts.js';
import type { Checkpoint } from './checkpoint.js';

/** Rows that have an outcome. */
export function settledRows({ delivered, undelivered }: Checkpoint): number {
  return delivered + undeliveredRows({ undelivered });
}

export function undeliveredRows({ undelivered }: Pick<Checkpoint, 'undelivered'>): number {
  return Object.values(undelivered).reduce((sum, rows) => sum + rows, 0);
}

/** `49,800 rows delivered, 200 not: 150 too_old, 50 no_identity` */
export function summary({ delivered, undelivered }: Checkpoint): string {
  const reasons = Object.entries(undelivered).map(([code, rows]) => `${count(rows)} ${code}`);
  const others = reasons.length === 0 ? '' : `, ${count(undeliveredRows({ undelivered }))} not: ${reasons.join(', ')}`;
  return `${count(delivered)} rows delivered${others}.`;
}
