import { describe, expect, it } from 'vitest';
import { applyDesign, blankDraft, parseDesignChanges } from '../../../src/collector/experiments/design.js';
import {
  BLANK_EXPERIMENT,
  readTyped,
  toInput,
  typedOf,
  withRow,
} from '../../../src/collector/page/typed-experiment.js';

const draft = applyDesign(blankDraft('exp_1', 'checkout', 0), {
  name: 'Checkout',
  variants: [
    { name: 'A', weight: 7 },
    { name: 'B', isControl: true, redirectUrl: '/b' },
  ],
  primary: 'purchase',
  secondary: ['a', 'b'],
  urls: ['/cart'],
  query: [{ parameter: 'q', operator: 'exists' }],
  visitors: 'new',
  allocation: 12.5,
});

describe('the form values of a draft', () => {
  it('give the same draft again, with the fields that the form does not show', () => {
    const { data } = parseDesignChanges(toInput(typedOf(draft), draft.variants));
    expect(applyDesign(draft, data!)).toEqual(draft);
  });

  it('have weights without rounding errors, and at least two variants and one rule', () => {
    expect(typedOf(draft).variants.map(({ weight }) => weight)).toEqual(['7', '93']);
    const empty = typedOf(blankDraft('exp_1', 'checkout', 0));
    expect([empty.variants.length, empty.rules.length]).toEqual([2, 1]);
  });
});

describe('posted values', () => {
  it('lose empty rows, and keep the control', () => {
    const form = new URLSearchParams([
      ['variant', ''],
      ['weight', ''],
      ['variant', 'A'],
      ['weight', ''],
      ['variant', 'B'],
      ['weight', '50'],
      ['control', '2'],
    ]);
    const typed = readTyped(form);
    expect(typed.variants.map(({ name }) => name)).toEqual(['A', 'B']);
    expect(typed.control).toBe(1);
  });

  it('get an empty row by a button', () => {
    expect(withRow(BLANK_EXPERIMENT, 'variant').variants).toHaveLength(3);
    expect(withRow(BLANK_EXPERIMENT, 'rule').rules).toHaveLength(2);
    expect(withRow(BLANK_EXPERIMENT, 'other')).toBe(BLANK_EXPERIMENT);
  });
});
