import { describe, expect, it } from 'vitest';
import { labelOf, outcomeWords } from '../../src/cli/outcome-words.js';
import { type Outcome, reasonOf } from '../../src/core/outcome.js';

const rejected: Outcome = { status: 'rejected', code: 'invalid_event', message: 'no' };
const dropped: Outcome = { status: 'dropped', reason: 'too_old' };

describe('an outcome in words', () => {
  it.each([
    [{ status: 'delivered' } as Outcome, '', 'delivered'],
    [rejected, 'invalid_event', 'rejected invalid_event'],
    [dropped, 'too_old', 'dropped too_old'],
  ])('%j', (outcome, reason, label) => {
    expect([reasonOf(outcome), labelOf(outcome)]).toEqual([reason, label]);
  });

  it('has a meaning and advice, except for delivered events and unknown reasons', () => {
    expect(outcomeWords(rejected)).toEqual({ meaning: expect.any(String), advice: expect.any(String) });
    expect(outcomeWords({ status: 'delivered' })).toBeUndefined();
    expect(outcomeWords({ ...dropped, reason: 'toString' } as unknown as Outcome)).toBeUndefined();
  });
});
