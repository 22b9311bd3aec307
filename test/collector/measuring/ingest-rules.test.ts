import { describe, expect, it } from 'vitest';
import {
  applyIngestRules,
  createIngestRules,
  FUTURE_TOLERANCE_MS,
  isTimely,
} from '../../../src/collector/measuring/ingest-rules.js';
import type { LogEntry, MeasuringRules } from '../../../src/collector/measuring/measured-log.js';

const NOON = 12 * 3_600_000;
const DAY = 24 * 3_600_000;

function track(fields: Partial<LogEntry> & { readonly event?: string } = {}): LogEntry {
  return { event: 'Purchase', visitors: ['v'], time: NOON, receivedAt: NOON, ...fields, kind: 'track' };
}
const rules: MeasuringRules = { experiments: [], bots: 'block', allowedEvents: ['PURCHASE'], now: 20 * DAY };

describe('the time limits', () => {
  it('are 1,000 ms in the future and exactly the maximum age in the past', () => {
    expect(FUTURE_TOLERANCE_MS).toBe(1_000);
    expect([isTimely(NOON + 1_000, NOON), isTimely(NOON + 1_001, NOON)]).toEqual([true, false]);
    expect([isTimely(NOON, NOON + 7 * DAY), isTimely(NOON, NOON + 7 * DAY + 1)]).toEqual([true, false]);
    expect([isTimely(NOON, NOON + 5, 5), isTimely(NOON, NOON + 6, 5)]).toEqual([true, false]);
  });
});

describe('the ingest rules', () => {
  it('refuse an entry for its time first, then as a bot, then by the allow-list', () => {
    const judge = createIngestRules(rules);
    const other = { event: 'AddToCart', bot: true };
    expect(judge(track({ ...other, time: NOON + 2_000 }), NOON)).toBe('time_out_of_range');
    expect(judge(track(other), NOON)).toBe('bot');
    expect(judge(track({ event: 'AddToCart' }), NOON)).toBe('not_allowlisted');
    expect(judge(track({ event: 'purchase' }), NOON)).toBeUndefined();
    expect(judge(track({ event: '$identify' }), NOON)).toBeUndefined();
  });

  it('accept bots and every name without configuration', () => {
    expect(createIngestRules({ bots: 'allow' })(track({ event: 'any', bot: true }), NOON)).toBeUndefined();
  });
});

describe('entries with the same distinctId', () => {
  it('are refused except for the first to arrive, wherever it is in the log', () => {
    const late = track({ distinctId: 'd', receivedAt: NOON + 2 });
    const first = track({ distinctId: 'd', receivedAt: NOON + 1 });
    expect(applyIngestRules([late, first], rules)).toEqual(['duplicate_id', undefined]);
    expect(applyIngestRules([first, late], rules)).toEqual([undefined, 'duplicate_id']);
  });

  it('do not lose their id to an entry that is refused for its time', () => {
    const old = track({ distinctId: 'd', receivedAt: NOON + 8 * DAY });
    const resent = track({ distinctId: 'd', time: NOON + 8 * DAY, receivedAt: NOON + 8 * DAY + 1 });
    expect(applyIngestRules([old, resent], rules)).toEqual(['time_out_of_range', undefined]);
  });

  it.each([
    ['bot', { bot: true }],
    ['not_allowlisted', { event: 'AddToCart' }],
  ])('do not lose their id to an entry that is refused as %s, whichever arrives first', (refusal, fields) => {
    const refused = track({ distinctId: 'd', ...fields });
    const accepted = track({ distinctId: 'd', receivedAt: NOON + 1 });
    expect(applyIngestRules([refused, accepted], rules)).toEqual([refusal, undefined]);
    const late = { ...refused, receivedAt: NOON + 2 };
    expect(applyIngestRules([accepted, late], rules)).toEqual([undefined, refusal]);
    expect(applyIngestRules([late, accepted], rules)).toEqual([refusal, undefined]);
  });
});
