import { describe, expect, it } from 'vitest';
import { OpenRows } from '../../../src/cli/backfill/open-rows.js';
import type { Outcome } from '../../../src/core/outcome.js';

const delivered: Outcome = { status: 'delivered' };

function opened() {
  const recorded: number[] = [];
  return { recorded, rows: new OpenRows({ row: 0, bytes: 0 }, ({ row }) => void recorded.push(row)) };
}

describe('open rows', () => {
  it('are recorded in the order of the file, whatever the order of their outcomes', () => {
    const { rows, recorded } = opened();
    const [one, two, three] = [10, 30, 60].map((bytes, i) => rows.open({ row: i + 1, bytes }));
    rows.settle(three!, delivered);
    rows.settle(two!, delivered);
    expect([recorded, rows.size]).toEqual([[], 3]);
    rows.settle(one!, delivered);
    expect([recorded, rows.size]).toEqual([[1, 2, 3], 0]);
  });

  it('count the rows in flight and their bytes', () => {
    const { rows } = opened();
    rows.sent(rows.open({ row: 1, bytes: 10 }), 'a');
    rows.sent(rows.open({ row: 2, bytes: 30 }), 'b');
    expect([rows.inFlightCount, rows.inFlightBytes]).toEqual([2, 30]);
    expect(rows.take('a')?.end.row).toBe(1);
    expect([rows.inFlightCount, rows.inFlightBytes]).toEqual([1, 20]);
  });

  it('with the same id are returned in order', () => {
    const { rows } = opened();
    for (const row of [1, 2]) rows.sent(rows.open({ row, bytes: row }), 'same');
    expect([rows.take('same')?.end.row, rows.take('same')?.end.row, rows.take('same')]).toEqual([1, 2, undefined]);
  });
});
