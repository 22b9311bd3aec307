import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readVisitor } from '../../src/adapters/request-visitor.js';
import { type ReadingOptions, resolveReading } from '../../src/adapters/visitor-options.js';

const NOW = Date.UTC(2026, 2, 14);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** What a browser sends with a request of a page's script, and with a form. */
const SCRIPT = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' };
const FORM = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document', origin: 'https://shop.example' };

function read(headers: Readonly<Record<string, string>>, url = 'https://shop.example/', options: ReadingOptions = {}) {
  const reading = resolveReading({ now: () => NOW, ...options });
  const visitor = readVisitor({ url, header: (name) => headers[name] }, reading);
  expect(visitor.whole()).toMatchObject({ session: visitor.session, sessionId: visitor.sessionId });
  return visitor;
}

/** The state of a session by how long ago, in milliseconds, it began and was last active. */
function stateOf(beganAgo: number, activeAgo: number | undefined, headers: Readonly<Record<string, string>> = {}) {
  return read({ ...headers, cookie: dataCookie(`${NOW - beganAgo}`, activeAgo) }).session;
}

function dataCookie(sid: string, activeAgo?: number): string {
  const data = { sid: `sid_${sid}`, session_last_activity: activeAgo === undefined ? undefined : NOW - activeAgo };
  return `ours_device_id=v; _cord_sdk_data=${encodeURIComponent(JSON.stringify(data))}`;
}

describe('a browser’s session', () => {
  it('is active while less than 25 minutes have passed since its last activity', () => {
    expect(stateOf(2 * HOUR, 0)).toBe('active');
    expect(stateOf(2 * HOUR, 10 * MINUTE)).toBe('active');
    expect(stateOf(2 * HOUR, 25 * MINUTE)).toBe('active');
    expect(read({ cookie: dataCookie(`${NOW - HOUR}`, MINUTE) }).sessionId).toBe(`${NOW - HOUR}`);
  });

  it('has ended half an hour after its last activity, and then has no id', () => {
    expect(stateOf(HOUR, 35.5 * MINUTE + 1)).toBe('ended');
    expect(stateOf(HOUR, 45 * MINUTE)).toBe('ended');
    expect(read({ cookie: dataCookie(`${NOW - HOUR}`, 45 * MINUTE) }).sessionId).toBeUndefined();
  });

  it('is uncertain in between, as clocks differ by minutes, and events are still stamped with it', () => {
    for (const ago of [25 * MINUTE + 1, 30 * MINUTE, 35.5 * MINUTE]) expect(stateOf(HOUR, ago)).toBe('uncertain');
    expect(read({ cookie: dataCookie(`${NOW - HOUR}`, 30 * MINUTE) }).sessionId).toBe(`${NOW - HOUR}`);
  });

  it('has ended six hours after its start, however active it is', () => {
    expect(stateOf(6 * HOUR - 5 * MINUTE, SECOND)).toBe('active');
    expect(stateOf(6 * HOUR, SECOND)).toBe('uncertain');
    expect(stateOf(6 * HOUR + 6 * MINUTE, SECOND)).toBe('ended');
  });

  it('does not end at midnight', () => {
    const justBefore = new Date(NOW - 10 * MINUTE);
    expect(justBefore.getUTCDate()).not.toBe(new Date(NOW).getUTCDate());
    expect(stateOf(10 * MINUTE, 5 * MINUTE)).toBe('active');
  });

  it('without a last activity is as old as its start', () => {
    expect(stateOf(20 * MINUTE, undefined)).toBe('active');
    expect(stateOf(45 * MINUTE, undefined)).toBe('ended');
    for (const [ago, session] of [
      [20 * MINUTE, 'active'],
      [45 * MINUTE, 'ended'],
    ] as const) {
      expect(read({ cookie: `ours_sid=sid_${NOW - ago}` }).session).toBe(session);
    }
  });

  it('has ended if its id holds no number', () => {
    expect(read({ cookie: dataCookie('opaque', 0) })).toMatchObject({ session: 'ended', sessionId: undefined });
  });

  it('is unknown where there is none', () => {
    for (const cookie of ['', 'ours_device_id=v', '_cord_sdk_data={"session_count":2}', 'ours_sid=undefined']) {
      expect(read({ cookie })).toMatchObject({ session: 'unknown', sessionId: undefined });
    }
  });
});

describe('a session that an address fixes', () => {
  const url = 'https://shop.example/?ours_session_id=from-the-app';

  it('never ends once the browser has taken it over', () => {
    const cookie = dataCookie('from-the-app', 2 * DAY);
    expect(read({ cookie }, url)).toMatchObject({ session: 'active', sessionId: 'from-the-app' });
  });

  it('is not taken over here before the browser has done so, unless links may say whose it is', () => {
    const cookie = `ours_device_id=v; ${dataCookie(`${NOW - HOUR}`, MINUTE)}`;
    expect(read({ cookie }, url)).toMatchObject({ session: 'active', sessionId: `${NOW - HOUR}` });
    expect(read({ cookie }, url, { identityFromLinks: 'new-visitors' }).sessionId).toBe(`${NOW - HOUR}`);
    expect(read({ cookie }, url, { identityFromLinks: 'always' }).sessionId).toBe('from-the-app');
  });

  it.each([
    ['script', SCRIPT],
    ['form', FORM],
  ])('lasts for the requests of that page by %s', (_, sent) => {
    const headers = { ...sent, cookie: dataCookie('from-the-app', 45 * MINUTE), referer: url };
    expect(read(headers)).toMatchObject({ session: 'active', sessionId: 'from-the-app' });
  });

  it('does not last on the next page, nor for a page of another site', () => {
    const next = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' };
    for (const sent of [next, { ...SCRIPT, 'sec-fetch-site': 'cross-site' }, {}]) {
      const headers = { ...sent, cookie: dataCookie('from-the-app', MINUTE), referer: url };
      expect(read(headers).session).toBe('ended');
    }
  });
});

describe('a browser whose clock is wrong', () => {
  it('by 5 minutes never has a lasting session taken for ended, nor an ended one for active', () => {
    for (const skew of [-5 * MINUTE, 5 * MINUTE]) {
      const seen = (idle: number) => stateOf(HOUR - skew, idle - skew);
      expect(['active', 'uncertain']).toContain(seen(30 * MINUTE));
      expect(['ended', 'uncertain']).toContain(seen(30 * MINUTE + 1));
      expect(seen(10 * MINUTE)).toBe('active');
      expect(['ended', 'uncertain']).toContain(seen(45 * MINUTE));
    }
  });

  it('by days ahead leaves it uncertain: its session seems to be of the future', () => {
    for (const idle of [0, 10 * MINUTE, 45 * MINUTE]) expect(stateOf(HOUR - 2 * DAY, idle - 2 * DAY)).toBe('uncertain');
  });

  it('by days behind leaves it uncertain in what a page sends, and ended when a page is loaded', () => {
    for (const sent of [SCRIPT, FORM]) expect(stateOf(2 * DAY + MINUTE, 2 * DAY, sent)).toBe('uncertain');
    expect(stateOf(2 * DAY + MINUTE, 2 * DAY)).toBe('ended');
  });

  it('is not assumed of a page that was left open for an hour', () => {
    expect(stateOf(2 * HOUR, HOUR, SCRIPT)).toBe('ended');
  });
});

it('any cookie gives a state, and an id only with one that may last', () => {
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
