import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readVisitor } from '../../src/adapters/read-visitor.js';
import { resolveReading } from '../../src/adapters/resolve-reading.js';
import type { ReadingOptions } from '../../src/adapters/visitor-options.js';

const NOW = Date.UTC(2026, 2, 14);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The headers of a request by script, and by a form. */
const SCRIPT = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' };
const FORM = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document', origin: 'https://shop.example' };

function read(headers: Readonly<Record<string, string>>, url = 'https://shop.example/', options: ReadingOptions = {}) {
  const reading = resolveReading({ now: () => NOW, ...options });
  const visitor = readVisitor({ url, header: (name) => headers[name] }, reading);
  expect(visitor.toInput()).toMatchObject({ session: visitor.session, sessionId: visitor.sessionId });
  return visitor;
}

/** The state of a session that began, and was last active, this many milliseconds ago. */
function stateOf(beganAgo: number, activeAgo: number | undefined, headers: Readonly<Record<string, string>> = {}) {
  return read({ ...headers, cookie: dataCookie(`${NOW - beganAgo}`, activeAgo) }).session;
}

function dataCookie(sid: string, activeAgo?: number): string {
  const data = { sid: `sid_${sid}`, session_last_activity: activeAgo === undefined ? undefined : NOW - activeAgo };
  return `ours_device_id=v; _cord_sdk_data=${encodeURIComponent(JSON.stringify(data))}`;
}

describe('a browser’s session', () => {
  it('is active until 25 minutes after its last activity', () => {
    expect(stateOf(2 * HOUR, 0)).toBe('active');
    expect(stateOf(2 * HOUR, 10 * MINUTE)).toBe('active');
    expect(stateOf(2 * HOUR, 25 * MINUTE)).toBe('active');
    expect(read({ cookie: dataCookie(`${NOW - HOUR}`, MINUTE) }).sessionId).toBe(`${NOW - HOUR}`);
  });

  it('has ended half an hour after its last activity, and has no id then', () => {
    expect(stateOf(HOUR, 35.5 * MINUTE + 1)).toBe('ended');
    expect(stateOf(HOUR, 45 * MINUTE)).toBe('ended');
    expect(read({ cookie: dataCookie(`${NOW - HOUR}`, 45 * MINUTE) }).sessionId).toBeUndefined();
  });

  it('is uncertain in between, because clocks differ by minutes, and keeps its id', () => {
    for (const ago of [25 * MINUTE + 1, 30 * MINUTE, 35.5 * MINUTE]) expect(stateOf(HOUR, ago)).toBe('uncertain');
    expect(read({ cookie: dataCookie(`${NOW - HOUR}`, 30 * MINUTE) }).sessionId).toBe(`${NOW - HOUR}`);
  });

  it('has ended six hours after its start, despite activity', () => {
    expect(stateOf(6 * HOUR - 5 * MINUTE, SECOND)).toBe('active');
    expect(stateOf(6 * HOUR, SECOND)).toBe('uncertain');
    expect(stateOf(6 * HOUR + 6 * MINUTE, SECOND)).toBe('ended');
  });

  it('does not end at midnight', () => {
    const justBefore = new Date(NOW - 10 * MINUTE);
    expect(justBefore.getUTCDate()).not.toBe(new Date(NOW).getUTCDate());
    expect(stateOf(10 * MINUTE, 5 * MINUTE)).toBe('active');
  });

  it('counts from its start if it has no last activity', () => {
    expect(stateOf(20 * MINUTE, undefined)).toBe('active');
    expect(stateOf(45 * MINUTE, undefined)).toBe('ended');
    for (const [ago, session] of [
      [20 * MINUTE, 'active'],
      [45 * MINUTE, 'ended'],
    ] as const) {
      expect(read({ cookie: `ours_sid=sid_${NOW - ago}` }).session).toBe(session);
    }
  });

  it('has ended if its id is not a number', () => {
    expect(read({ cookie: dataCookie('opaque', 0) })).toMatchObject({ session: 'ended', sessionId: undefined });
  });

  it('is unknown if there is none', () => {
    for (const cookie of ['', 'ours_device_id=v', '_cord_sdk_data={"session_count":2}', 'ours_sid=undefined']) {
      expect(read({ cookie })).toMatchObject({ session: 'unknown', sessionId: undefined });
    }
  });
});

describe('a session in an address', () => {
  const url = 'https://shop.example/?ours_session_id=from-the-app';

  it('never ends once the browser uses it', () => {
    const cookie = dataCookie('from-the-app', 2 * DAY);
    expect(read({ cookie }, url)).toMatchObject({ session: 'active', sessionId: 'from-the-app' });
  });

  it('is not used before the browser uses it, unless links may identify visitors', () => {
    const cookie = `ours_device_id=v; ${dataCookie(`${NOW - HOUR}`, MINUTE)}`;
    expect(read({ cookie }, url)).toMatchObject({ session: 'active', sessionId: `${NOW - HOUR}` });
    expect(read({ cookie }, url, { identityFromLinks: 'new-visitors' }).sessionId).toBe(`${NOW - HOUR}`);
    expect(read({ cookie }, url, { identityFromLinks: 'always' }).sessionId).toBe('from-the-app');
  });

  it.each([
    ['script', SCRIPT],
    ['form', FORM],
  ])('is active for requests of that page by %s', (_, sent) => {
    const headers = { ...sent, cookie: dataCookie('from-the-app', 45 * MINUTE), referer: url };
    expect(read(headers)).toMatchObject({ session: 'active', sessionId: 'from-the-app' });
  });

  it('is not active on the next page, nor for a page of another site', () => {
    const next = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' };
    for (const sent of [next, { ...SCRIPT, 'sec-fetch-site': 'cross-site' }, {}]) {
      const headers = { ...sent, cookie: dataCookie('from-the-app', MINUTE), referer: url };
      expect(read(headers).session).toBe('ended');
    }
  });
});

describe('a browser whose clock is wrong', () => {
  it('by 5 minutes never makes an active session ended, nor an ended one active', () => {
    for (const skew of [-5 * MINUTE, 5 * MINUTE]) {
      const seen = (idle: number) => stateOf(HOUR - skew, idle - skew);
      expect(['active', 'uncertain']).toContain(seen(30 * MINUTE));
      expect(['ended', 'uncertain']).toContain(seen(30 * MINUTE + 1));
      expect(seen(10 * MINUTE)).toBe('active');
      expect(['ended', 'uncertain']).toContain(seen(45 * MINUTE));
    }
  });

  it('by days ahead makes the session uncertain: it appears to be in the future', () => {
    for (const idle of [0, 10 * MINUTE, 45 * MINUTE]) expect(stateOf(HOUR - 2 * DAY, idle - 2 * DAY)).toBe('uncertain');
  });

  it('by days behind makes it uncertain for requests of a page, and ended for page loads', () => {
    for (const sent of [SCRIPT, FORM]) expect(stateOf(2 * DAY + MINUTE, 2 * DAY, sent)).toBe('uncertain');
    expect(stateOf(2 * DAY + MINUTE, 2 * DAY)).toBe('ended');
  });

  it('is not assumed for a page that stayed open for an hour', () => {
    expect(stateOf(2 * HOUR, HOUR, SCRIPT)).toBe('ended');
  });
});

it('any cookie gives a state, and an id only if the session may be active', () => {
  const value = fc.oneof(
    fc.string(),
    fc.double(),
    fc.integer(),
    fc.constantFrom(null, true, [], {}, '1e999', '9'.repeat(400)),
  );
  const data = fc.oneof(
    fc.string(),
    fc.record({ sid: value, session_last_activity: value }).map((it) => JSON.stringify(it)),
  );
  fc.assert(
    fc.property(data, fc.constantFrom({}, SCRIPT, FORM), (json, sent) => {
      const { session, sessionId } = read({
        ...sent,
        cookie: `_cord_sdk_data=${encodeURIComponent(json.toWellFormed())}`,
      });
      expect(['active', 'uncertain', 'ended', 'unknown']).toContain(session);
      expect(sessionId === undefined).toBe(session === 'ended' || session === 'unknown');
    }),
  );
});
