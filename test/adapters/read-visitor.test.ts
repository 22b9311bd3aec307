import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readVisitor } from '../../src/adapters/read-visitor.js';
import { resolveReading } from '../../src/adapters/resolve-reading.js';
import type { IdentityFromLinks, ReadingOptions } from '../../src/adapters/visitor-options.js';
import { rig } from '../support/client.js';

function read(headers: Record<string, string>, url?: string, options: ReadingOptions = {}) {
  return readVisitor({ url, header: (name) => headers[name] }, resolveReading(options)).toInput();
}

function readLink(query: string, cookie = '', identityFromLinks: IdentityFromLinks = 'always') {
  const header = (name: string) => (name === 'cookie' ? cookie : undefined);
  const { userId, sessionId, isFromLink } = readVisitor(
    { url: `https://shop.example/?${query}`, header },
    resolveReading({ now: () => 1_700_000_060_000, identityFromLinks }),
  );
  return { userId, sessionId, isFromLink };
}

const LINK = 'ours_visitor_id=link&ours_session_id=linked';
const COOKIES = 'ours_device_id=cookie; ours_sid=sid_1700000000001';

describe('the identity', () => {
  it('is read from cookies and address at once, the rest only on demand', () => {
    const asked: string[] = [];
    const header = (name: string) => {
      asked.push(name);
      return { cookie: 'ours_device_id=v', 'user-agent': 'browser' }[name];
    };
    const visitor = readVisitor({ url: 'https://shop.example/', header }, resolveReading({}));
    expect(visitor.userId).toBe('v');
    expect(asked).toEqual(['cookie']);
    expect(visitor.toInput()).toMatchObject({ userId: 'v', url: 'https://shop.example/', userAgent: 'browser' });
  });

  it.each([
    ['https://shop.example/?a=ours_visitor_id&ours_visitor_id=p%20q', 'p q'],
    ['https://shop.example/?ours_visitor_id=&ours_user_id=p', 'p'],
    ['https://shop.example/ours_visitor_id=p', 'v'],
    ['https://shop.example/#?ours_visitor_id=p', 'v'],
    ['/?ours_visitor_id=p', 'v'],
  ])('in the address %j is %j', (url, userId) => {
    expect(read({ cookie: 'ours_device_id=v' }, url, { identityFromLinks: 'always' }).userId).toBe(userId);
  });
});

describe('the session in cookies', () => {
  it.each([
    ['_cord_sdk_data={"sid":"sid_17"}; ours_sid=sid_9', '17'],
    ['_cord_sdk_data={"sid":17}', '17'],
    ['_cord_sdk_data={"session_count":2}; ours_sid=sid_9', '9'],
    ['_cord_sdk_data={"sid":"sid_undefined"}; ours_sid=sid_9', '9'],
    ['_cord_sdk_data={broken; ours_sid=sid_9', '9'],
    ['_cord_sdk_data=null; ours_sid=9', '9'],
    ['_cord_sdk_data="sid_17"', undefined],
    ['ours_sid=null', undefined],
  ])('in %j is %j', (cookie, sessionId) => {
    expect(read({ cookie }, undefined, { now: () => 1_000 }).sessionId).toBe(sessionId);
  });
});

describe('the browser’s language', () => {
  it.each([
    ['de-CH,de;q=0.9', 'de-ch'],
    ['en;q=0.5', 'en'],
    ['zh-Hant-TW', 'zh-hant-tw'],
    ['*', undefined],
    ['', undefined],
    ['abcdefghi', undefined],
  ])('in %j is %j', (header, language) => {
    expect(read({ 'accept-language': header }).defaultProperties).toEqual(
      language === undefined ? {} : { browser_language: language },
    );
  });
});

describe('arbitrary input', () => {
  const names = ['cookie', 'user-agent', 'accept-language', 'referer', 'sec-fetch-dest', 'x-forwarded-for'];
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme-ascii' }),
    fc.webUrl({ withQueryParameters: true }),
  );
  const headers = fc.dictionary(fc.constantFrom(...names, 'x-forwarded-proto', 'x-forwarded-host'), text);

  it('is read without an error, and no value has control characters', () => {
    fc.assert(
      fc.property(headers, text, text, (sent, url, id) => {
        const cookie = `${sent.cookie ?? ''}; ours_device_id=${id}; _cord_sdk_data=${id}; ours_sid=${id}`;
        const visitor = read({ ...sent, cookie }, url, { trustProxy: 2, ipHeader: 'referer' });
        const { defaultProperties, isFromLink: _, ...own } = visitor;
        for (const value of [...Object.values(own), ...Object.values(defaultProperties ?? {})]) {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not occur
          if (value !== undefined) expect(value).toMatch(/^[^\u0000-\u001f\u007f]+$/);
        }
      }),
    );
  });
});

describe('a link with a visitor id', () => {
  it.each<
    [IdentityFromLinks | undefined, string, string, { userId?: string; sessionId?: string; isFromLink: boolean }]
  >([
    [undefined, LINK, COOKIES, { userId: 'cookie', sessionId: '1700000000001', isFromLink: false }],
    [undefined, LINK, '', { isFromLink: false }],
    ['never', LINK, COOKIES, { userId: 'cookie', sessionId: '1700000000001', isFromLink: false }],
    ['new-visitors', LINK, COOKIES, { userId: 'cookie', sessionId: '1700000000001', isFromLink: false }],
    ['new-visitors', LINK, '', { userId: 'link', sessionId: 'linked', isFromLink: true }],
    ['new-visitors', LINK, 'ours_device_id=link', { userId: 'link', sessionId: 'linked', isFromLink: false }],
    [
      'new-visitors',
      'ours_session_id=linked',
      COOKIES,
      { userId: 'cookie', sessionId: '1700000000001', isFromLink: false },
    ],
    ['always', LINK, COOKIES, { userId: 'link', sessionId: 'linked', isFromLink: true }],
    ['always', 'ours_session_id=linked', COOKIES, { userId: 'cookie', sessionId: 'linked', isFromLink: false }],
  ])('with identityFromLinks %j: %s, cookies %j', (rule, query, cookie, expected) => {
    const header = (name: string) => (name === 'cookie' ? cookie : undefined);
    const options = { now: () => 1_700_000_060_000, identityFromLinks: rule };
    const url = `https://shop.example/?${query}`;
    const { userId, sessionId, isFromLink } = readVisitor({ url, header }, resolveReading(options));
    expect({ userId, sessionId, isFromLink }).toEqual({ userId: undefined, sessionId: undefined, ...expected });
  });

  it('accepts only the three rules', () => {
    for (const rule of [true, 'yes', []]) {
      expect(() => resolveReading({ identityFromLinks: rule as unknown as 'never' })).toThrow(
        "identityFromLinks must be one of 'never', 'new-visitors', 'always'.",
      );
    }
  });

  it('never ties a person to its visitor: personal data is sent without the link’s ids', async () => {
    const { client, collector, outcomes } = await rig();
    const visitor = client.visitor({ userId: 'link', sessionId: 'linked', isFromLink: true });
    visitor.track('viewed');
    visitor.track('signup', {}, { email: 'ada@example.org' });
    visitor.track('login', {}, { externalId: 'customer-1' });
    visitor.track('told', {}, { userProperties: { first_name: 'Ada' }, externalId: 'customer-1' });
    visitor.track('chosen', {}, { userId: 'mine', email: 'ada@example.org' });
    visitor.identify({ email: 'ada@example.org' });
    visitor.identify({ userProperties: { first_name: 'Ada' } });
    await client.flush();
    const whose = collector
      .events()
      .map(({ event, userId, defaultProperties }) => [event, userId, defaultProperties?.sid]);
    expect(Object.fromEntries(whose.map(([event, ...rest]) => [event, rest]))).toEqual({
      viewed: ['link', 'linked'],
      signup: [undefined, undefined],
      login: [undefined, undefined],
      told: [undefined, undefined],
      chosen: ['mine', undefined],
      $identify: [undefined, undefined],
    });
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([{ code: 'no_identity' }]);
  });
});

describe('a visitor id in the address', () => {
  it('prefers ours_visitor_id to ours_user_id in any order, and both to the cookie', () => {
    const cookie = 'ours_device_id=cookie';
    expect(readLink('ours_visitor_id=visitor&ours_user_id=user', cookie).userId).toBe('visitor');
    expect(readLink('ours_user_id=user&ours_visitor_id=visitor', cookie).userId).toBe('visitor');
    expect(readLink('ours_user_id=user', cookie).userId).toBe('user');
    expect(readLink('ours_session_id=1', cookie).userId).toBe('cookie');
  });

  it.each(['undefined', 'null', '', '%20v', '%5Bobject%20Object%5D'])(
    'is skipped if a template wrote %j',
    (nothing) => {
      expect(readLink(`ours_visitor_id=${nothing}&ours_user_id=user`).userId).toBe('user');
      expect(readLink(`ours_visitor_id=${nothing}&ours_user_id=${nothing}`, 'ours_device_id=cookie').userId).toBe(
        'cookie',
      );
    },
  );
});

describe('a session id in the address', () => {
  const cookie = '_cord_sdk_data={"sid":"sid_1700000000002"}; ours_sid=sid_1700000000001';

  it('wins over the cookies, and the newer cookie wins over the older', () => {
    expect(readLink('ours_session_id=sid_query', cookie).sessionId).toBe('query');
    expect(readLink('ours_user_id=u', cookie).sessionId).toBe('1700000000002');
    expect(readLink('ours_user_id=u', 'ours_sid=sid_1700000000001').sessionId).toBe('1700000000001');
  });

  it.each(['', 'sid_', 'undefined', 'sid_null', 'a%00b', 'x'.repeat(401)])('is skipped if it is %j', (query) => {
    expect(readLink(`ours_session_id=${query}`, cookie).sessionId).toBe('1700000000002');
  });
});

describe('a visit in test mode', () => {
  const tokenOf = (query: string, cookie?: string, headers: Record<string, string> = {}): string | undefined =>
    readVisitor(
      { url: `https://shop.example/?${query}`, header: (name) => ({ cookie, ...headers })[name] },
      resolveReading({}),
    ).toInput().testToken;

  it('has its token in the address, in the sending page’s address, or in a cookie of the site', () => {
    const headers = { referer: 'https://shop.example/?ours_test_token=test_c', 'sec-fetch-site': 'same-origin' };
    expect(tokenOf('', undefined, { ...headers, 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' })).toBe('test_c');
    expect(tokenOf('', undefined, { ...headers, 'sec-fetch-site': 'cross-site' })).toBeUndefined();
    expect(tokenOf('ours_test_token=test_a', 'ours_test_token=test_b')).toBe('test_a');
    expect(tokenOf('', 'ours_test_token=test_b')).toBe('test_b');
    expect(tokenOf('')).toBeUndefined();
    expect(tokenOf(`ours_test_token=${'x'.repeat(5_000)}`)).toBeUndefined();
  });
});
