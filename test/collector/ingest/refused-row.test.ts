import { describe, expect, it } from 'vitest';
import { describeRefusal } from '../../../src/collector/ingest/refused-row.js';

describe('the description of a refused row', () => {
  it.each([
    [{ event: 'purchase' }, 'defaultProperties.sid: too long', 'purchase: sessionId: too long'],
    [{ event: 'purchase' }, 'visitor_id: too long', 'purchase: userId: too long'],
    [{ event: 'purchase' }, 'userProperties.city: too long', 'purchase: userProperties.city: too long'],
    [{ event: 'purchase' }, 'userId is required', 'purchase: userId is required'],
    [{ event: '' }, 'event: too short', 'an unnamed event: event: too short'],
    [undefined, 'expected an object', 'an unnamed event: expected an object'],
    [{ event: 'x' }, 'constructor: odd', 'x: constructor: odd'],
  ])('of %j names the field like track() does', (row, problem, expected) => {
    expect(describeRefusal(row, problem)).toBe(expected);
  });

  it('cuts long names', () => {
    expect(describeRefusal({ event: 'e'.repeat(500) }, 'time: old')).toBe(`${'e'.repeat(100)}: time: old`);
  });
});
