import { describe, expect, it } from 'vitest';
import { createSessions, witnessOf } from '../../../src/collector/measuring/sessions.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const sid = 's1';

describe('the witness of an entry', () => {
  it.each([
    [{ sid: undefined, time: 0, source: 'browser' }, undefined],
    [{ sid, time: 0, source: 'report' }, undefined],
    [{ sid, time: 0, source: 'browser' }, 'browser'],
    [{ sid, time: 0, source: 'server' }, 'server'],
  ] as const)('of %j is %s', (entry, witness) => {
    expect(witnessOf(entry)).toBe(witness);
  });
});

describe('the session near an impression', () => {
  it('is the nearest within 30 minutes, before or after', () => {
    const sessions = createSessions();
    sessions.see(1, { sid: 'before', time: 0, source: 'browser' });
    sessions.see(1, { sid: 'after', time: 50 * MINUTE, source: 'browser' });
    expect(sessions.near(1, 20 * MINUTE)?.sid).toBe('before');
    expect(sessions.near(1, 30 * MINUTE)?.sid).toBe('after');
    expect(sessions.near(1, 80 * MINUTE)?.sid).toBe('after');
    expect(sessions.near(1, 80 * MINUTE + 1)).toBeUndefined();
  });

  it('is the earlier one at equal distance', () => {
    const sessions = createSessions();
    sessions.see(1, { sid: 'after', time: 20 * MINUTE, source: 'browser' });
    sessions.see(1, { sid: 'before', time: 0, source: 'browser' });
    expect(sessions.near(1, 10 * MINUTE)?.sid).toBe('before');
  });

  it('is the one that began last, of two that a browser sends together', () => {
    for (const sids of [
      ['1800000000000', '1800003600000'],
      ['1800003600000', '1800000000000'],
    ]) {
      const sessions = createSessions();
      for (const one of sids) sessions.see(1, { sid: one, time: 0, source: 'browser' });
      expect(sessions.near(1, MINUTE)?.sid).toBe('1800003600000');
    }
  });

  it('is a browser’s before a server’s, even if the server’s is nearer', () => {
    const sessions = createSessions();
    sessions.see(1, { sid: 'server', time: 10 * MINUTE, source: 'server' });
    sessions.see(1, { sid: 'browser', time: 0, source: 'browser' });
    expect(sessions.near(1, 10 * MINUTE)?.sid).toBe('browser');
  });

  it('is not one that a server reports more than six hours after its first event', () => {
    const sessions = createSessions();
    sessions.see(1, { sid, time: 0, source: 'server' });
    sessions.see(1, { sid, time: 6 * HOUR, source: 'server' });
    sessions.see(1, { sid: 's2', time: 13 * HOUR, source: 'server' });
    sessions.see(1, { sid: 's2', time: 20 * HOUR, source: 'server' });
    expect(sessions.near(1, 6 * HOUR)?.sid).toBe(sid);
    expect(sessions.near(1, 20 * HOUR)).toBeUndefined();
  });

  it('is never another visitor’s', () => {
    const sessions = createSessions();
    sessions.see(1, { sid, time: 0, source: 'browser' });
    expect(sessions.near(2, 0)).toBeUndefined();
  });
});
