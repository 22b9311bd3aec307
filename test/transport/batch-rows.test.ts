import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failedRows } from '../../src/transport/batch-rows.js';

const taken = (index: unknown) => ({ index, success: true });
const failed = (index: unknown) => ({ index, success: false, code: 'queue_failed', message: 'busy' });

describe('an answer accounts for every row of a batch', () => {
  it.each([
    ['by its success alone', { success: true }, []],
    ['by counts that add up', { success: true, accepted: 3, failed: 0 }, []],
    ['by one count', { success: true, accepted: 3 }, []],
    ['by an entry for each', { success: true, results: [taken(2), taken(0), taken(1)] }, []],
    ['by an entry for each failure, and counts', { success: false, accepted: 2, failed: 1, results: [failed(1)] }, [1]],
    ['by an entry for each failure, and one count', { success: false, accepted: 2, results: [failed(1)] }, [1]],
    [
      'by entries and counts',
      { success: false, accepted: 1, failed: 2, results: [failed(0), taken(1), failed(2)] },
      [0, 2],
    ],
    ['by entries, and counts that are no numbers', { success: true, accepted: '9', results: [0, 1, 2].map(taken) }, []],
  ])('%s', (_how, answer, indexes) => {
    expect(failedRows(answer, 3)?.map(({ index }) => index)).toEqual(indexes);
  });
});

describe('an answer leaves rows open', () => {
  it.each([
    ['accepts fewer than were sent and names no failure', { success: true, accepted: 2, failed: 0 }],
    ['accepts more than were sent', { success: true, accepted: 4, failed: 0 }],
    ['counts failures without naming them', { success: false, accepted: 1, failed: 2 }],
    ['names some rows and counts nothing', { success: true, results: [taken(0), taken(1)] }],
    ['names some rows and counts only those', { success: true, accepted: 2, failed: 0, results: [taken(0), taken(1)] }],
    ['names a row twice', { success: true, accepted: 3, results: [taken(0), taken(1), taken(1)] }],
    ['names a row as taken and as failed', { success: false, results: [taken(0), taken(1), taken(2), failed(2)] }],
    ['names a row that was not sent', { success: true, accepted: 3, results: [taken(0), taken(1), taken(3)] }],
    ['names a row below zero', { success: true, accepted: 3, results: [taken(-1)] }],
    ['names half a row', { success: true, accepted: 3, results: [taken(0.5)] }],
    ['names a row by a string', { success: true, accepted: 3, results: [taken('0')] }],
    ['has entries that are no objects', { success: true, accepted: 3, results: [null, 7, 'x'] }],
    ['has an entry without a success', { success: true, accepted: 3, results: [{ index: 0 }] }],
    ['counts fewer than it names', { success: true, accepted: 2, failed: 0, results: [taken(0), taken(1), taken(2)] }],
    ['counts other failures than it names', { success: false, accepted: 2, failed: 2, results: [failed(0)] }],
    ['fails and names no failure', { success: false, accepted: 3, failed: 0 }],
  ])('when it %s', (_how, answer) => {
    expect(failedRows(answer, 3)).toBeUndefined();
  });
});

it('never takes a row for delivered that the answer does not speak for, whatever it holds', () => {
  const index = fc.oneof(fc.integer({ min: -1, max: 6 }), fc.constant(undefined), fc.string());
  const entry = fc.oneof(fc.record({ index, success: fc.oneof(fc.boolean(), fc.constant('true')) }), fc.constant(null));
  const count = fc.option(fc.integer({ min: -1, max: 7 }), { nil: undefined });
  const answers = fc.record({
    success: fc.boolean(),
    accepted: count,
    failed: count,
    results: fc.option(fc.array(entry, { maxLength: 6 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(answers, fc.integer({ min: 1, max: 5 }), (answer, sent) => {
      const failures = failedRows(answer, sent);
      if (failures === undefined) return;
      const failedIndexes = new Set(failures.map(({ index }) => index));
      const results = answer.results ?? [];
      expect(answer.accepted ?? sent - failedIndexes.size).toBe(sent - failedIndexes.size);
      expect(answer.failed ?? failedIndexes.size).toBe(failedIndexes.size);
      for (let at = 0; at < sent; at += 1) {
        const named = results.filter((one) => one?.index === at);
        expect(named.length).toBeLessThanOrEqual(1);
        if (failedIndexes.has(at)) continue;
        const isCounted = answer.accepted !== undefined || answer.failed !== undefined;
        expect(named[0]?.success ?? (isCounted || results.length === 0)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});
