import { describe, expect, it } from 'vitest';
import { readVisitor } from '../../src/adapters/request-visitor.js';
import { resolveReading } from '../../src/adapters/visitor-options.js';

function read(query: string, cookie = '') {
  const header = (name: string) => (name === 'cookie' ? cookie : undefined);
  const { userId, sessionId } = readVisitor(
    { url: `https://shop.example/?${query}`, header },
    resolveReading({ now: () => 1_700_000_060_000 }),
  );
  return { userId, sessionId };
}

describe('a visitor whom the address names', () => {
  it('is ours_visitor_id before ours_user_id, in whatever order they stand, and either before the cookie', () => {
    const cookie = 'ours_device_id=cookie';
    expect(read('ours_visitor_id=visitor&ours_user_id=user', cookie).userId).toBe('visitor');
    expect(read('ours_user_id=user&ours_visitor_id=visitor', cookie).userId).toBe('visitor');
    expect(read('ours_user_id=user', cookie).userId).toBe('user');
    expect(read('ours_session_id=1', cookie).userId).toBe('cookie');
  });

  it.each(['undefined', 'null', ''])('is the next that is named where a template wrote %j', (nothing) => {
    expect(read(`ours_visitor_id=${nothing}&ours_user_id=user`).userId).toBe('user');
    expect(read(`ours_visitor_id=${nothing}&ours_user_id=${nothing}`, 'ours_device_id=cookie').userId).toBe('cookie');
  });
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
