import { describe, expect, it } from 'vitest';
import { readVisitor } from '../../src/adapters/request-visitor.js';
import { type IdentityFromLinks, resolveReading } from '../../src/adapters/visitor-options.js';
import { rig } from '../support/client.js';

function read(query: string, cookie = '', identityFromLinks: IdentityFromLinks = 'always') {
  const header = (name: string) => (name === 'cookie' ? cookie : undefined);
  const { userId, sessionId, isFromLink } = readVisitor(
    { url: `https://shop.example/?${query}`, header },
    resolveReading({ now: () => 1_700_000_060_000, identityFromLinks }),
  );
  return { userId, sessionId, isFromLink };
}

const LINK = 'ours_visitor_id=link&ours_session_id=linked';
const COOKIES = 'ours_device_id=cookie; ours_sid=sid_1700000000001';

describe('a link that names a visitor', () => {
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

  it('follows no rule but the three', () => {
    for (const rule of [true, 'yes', []]) {
      expect(() => resolveReading({ identityFromLinks: rule as unknown as 'never' })).toThrow(
        "identityFromLinks must be 'never', 'new-visitors', 'always'.",
      );
    }
  });

  it('never ties a person to its visitor: what tells of one goes without the link’s ids', async () => {
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

describe('a visitor whom the address names', () => {
  it('is ours_visitor_id before ours_user_id, in whatever order they stand, and either before the cookie', () => {
    const cookie = 'ours_device_id=cookie';
    expect(read('ours_visitor_id=visitor&ours_user_id=user', cookie).userId).toBe('visitor');
    expect(read('ours_user_id=user&ours_visitor_id=visitor', cookie).userId).toBe('visitor');
    expect(read('ours_user_id=user', cookie).userId).toBe('user');
    expect(read('ours_session_id=1', cookie).userId).toBe('cookie');
  });

  it.each(['undefined', 'null', '', '%20v', '%5Bobject%20Object%5D'])(
    'is the next that is named where a template wrote %j',
    (nothing) => {
      expect(read(`ours_visitor_id=${nothing}&ours_user_id=user`).userId).toBe('user');
      expect(read(`ours_visitor_id=${nothing}&ours_user_id=${nothing}`, 'ours_device_id=cookie').userId).toBe('cookie');
    },
  );
});

describe('a session that the address names', () => {
  const cookie = '_cord_sdk_data={"sid":"sid_1700000000002"}; ours_sid=sid_1700000000001';

  it('wins over the cookies, and the newer cookie over the older', () => {
    expect(read('ours_session_id=sid_query', cookie).sessionId).toBe('query');
    expect(read('ours_user_id=u', cookie).sessionId).toBe('1700000000002');
    expect(read('ours_user_id=u', 'ours_sid=sid_1700000000001').sessionId).toBe('1700000000001');
  });

  it.each(['', 'sid_', 'undefined', 'sid_null', 'a%00b', 'x'.repeat(401)])(
    'leaves it to the cookies where it says %j',
    (query) => {
      expect(read(`ours_session_id=${query}`, cookie).sessionId).toBe('1700000000002');
    },
  );
});

describe('a visit in test mode', () => {
  const tokenOf = (query: string, cookie?: string, headers: Record<string, string> = {}): string | undefined =>
    readVisitor(
      { url: `https://shop.example/?${query}`, header: (name) => ({ cookie, ...headers })[name] },
      resolveReading({}),
    ).whole().testToken;

  it('has its token in the address, in that of the page that sent the request, or in a cookie of the site’s', () => {
    const headers = { referer: 'https://shop.example/?ours_test_token=test_c', 'sec-fetch-site': 'same-origin' };
    expect(tokenOf('', undefined, { ...headers, 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' })).toBe('test_c');
    expect(tokenOf('', undefined, { ...headers, 'sec-fetch-site': 'cross-site' })).toBeUndefined();
    expect(tokenOf('ours_test_token=test_a', 'ours_test_token=test_b')).toBe('test_a');
    expect(tokenOf('', 'ours_test_token=test_b')).toBe('test_b');
    expect(tokenOf('')).toBeUndefined();
    expect(tokenOf(`ours_test_token=${'x'.repeat(5_000)}`)).toBeUndefined();
  });
});
