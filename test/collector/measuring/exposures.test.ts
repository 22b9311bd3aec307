import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/collector/measuring/attribution.js';
import { impression, NOON, rules } from './one-visitor-log.js';

describe('two variants at the same instant in one session', () => {
  it('are one unit of the variant whose name comes first, whichever arrived first', () => {
    const control = impression({ variant: 'C', receivedAt: NOON + 2 });
    const treatment = impression({ variant: 'T', receivedAt: NOON + 1 });
    for (const log of [
      [control, treatment],
      [treatment, control],
    ]) {
      const { units, warnings } = attribute(log, rules);
      expect(units.get('A')).toEqual([{ variant: 'C', exposedAt: NOON - 1, convertedAt: undefined }]);
      expect([...warnings]).toEqual([[log.indexOf(treatment), ['session_saw_multiple_variants']]]);
    }
  });
});
