import { describe, expect, it } from 'vitest';
import {
  applyDesign,
  blankDraft,
  parseDesignChanges,
  parseNewDesign,
} from '../../../src/collector/experiments/design.js';

const draft = applyDesign(blankDraft('exp_1', 'checkout', 5), {
  primary: 'purchase',
  secondary: ['add_to_cart'],
  urls: ['/cart'],
  allocation: 50,
});

describe('a design', () => {
  it('requires a key for a new experiment only', () => {
    expect(parseNewDesign({ name: 'A' }).problem).toMatch(/^key: /);
    expect(parseDesignChanges({ name: 'A' })).toEqual({ data: { name: 'A' } });
  });

  it.each([
    [{ primary: '$purchase' }, /^primary: names starting with \$ are reserved/],
    [{ secondary: ['a', ''] }, /^secondary\.1: must not be empty/],
    [{ allocation: 101 }, /^allocation: must be at most 100/],
    [{ query: [{ parameter: 'q', operator: 'equals' }] }, /^query\.0: value: required by the operator equals/],
    [{ query: [{ parameter: 'q', operator: 'regex', value: '(' }] }, /not a valid regular expression/],
    [{ variants: [{ name: 'A' }, { name: 'A' }] }, /^variants: two variants have the same name/],
    [{ metrics: {} }, /metrics/],
  ])('refuses %j', (changes, problem) => {
    expect(parseDesignChanges(changes).problem).toMatch(problem);
  });

  it('reports all problems', () => {
    expect(parseDesignChanges({ primary: '$a', allocation: -1 }).problems).toHaveLength(2);
  });

  it('leaves the fields that it does not have', () => {
    expect(applyDesign(draft, {})).toEqual(draft);
    expect(applyDesign(draft, { urls: [] })).toMatchObject({ primary: 'purchase', targeting: { urls: [] } });
  });

  it('removes the goal by null', () => {
    expect(applyDesign(draft, { primary: null })).toMatchObject({ primary: undefined, secondary: ['add_to_cart'] });
  });

  it('counts a secondary event once, and not if it is the goal', () => {
    expect(applyDesign(draft, { secondary: ['purchase', 'b', 'b'] })).toMatchObject({ secondary: ['b'] });
    expect(applyDesign(draft, { primary: 'add_to_cart' })).toMatchObject({ primary: 'add_to_cart', secondary: [] });
  });
});
