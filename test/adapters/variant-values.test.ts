import { expect, it } from 'vitest';
import { assignShown } from '../../src/adapters/variant-values.js';
import type { Assignment, AssignOptions } from '../../src/assignment/assignment.js';
import type { Visitor } from '../../src/index.js';

/** The values of `record` that the service is asked with. */
async function recordsOf(assignment: Partial<Assignment>, options: AssignOptions = {}): Promise<unknown[]> {
  const records: unknown[] = [];
  const assign = async (_: string, { record }: AssignOptions) => {
    records.push(record);
    return assignment;
  };
  const visitor = { assign } as unknown as Visitor;
  const answer = await assignShown(visitor, 'checkout', options, (name) => name === 'one_page');
  expect(answer).toBe(assignment);
  return records;
}

const shown = { inExperiment: true, variantName: 'one_page', reason: 'assigned' } as const;

it('an exposure is recorded after the variant is known to be one that can be shown', async () => {
  expect(await recordsOf(shown)).toEqual([false, undefined]);
  expect(await recordsOf({ ...shown, variantName: 'other' })).toEqual([false]);
});

it('nothing is asked twice where nothing can be recorded', async () => {
  expect(await recordsOf(shown, { record: false })).toEqual([false]);
  expect(await recordsOf({ ...shown, reason: 'sticky' })).toEqual([false]);
  expect(await recordsOf({ inExperiment: false, reason: 'not_assigned' })).toEqual([false]);
  expect(await recordsOf({ inExperiment: false, reason: 'fallback' })).toEqual([false]);
});
