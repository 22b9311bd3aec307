import { describe, expect, it } from 'vitest';
import { resolveReading } from '../../src/adapters/resolve-reading.js';

describe('how requests are read', () => {
  it('defaults to the browser SDK’s cookies, no proxy and no link', () => {
    const { cookies, ipHeader, trusts, identityFromLinks, keepsParameter } = resolveReading({});
    expect(cookies).toEqual({ visitor: 'ours_device_id', data: '_cord_sdk_data', session: 'ours_sid' });
    expect([ipHeader, trusts, identityFromLinks]).toEqual([undefined, undefined, 'never']);
    expect([keepsParameter('gclid'), keepsParameter('plan')]).toEqual([true, false]);
  });

  it('fills the cookie names that are left out, and lowers the header name', () => {
    const { cookies, ipHeader } = resolveReading({ cookieNames: { visitor: 'shop_id' }, ipHeader: 'CF-Connecting-IP' });
    expect(cookies).toEqual({ visitor: 'shop_id', data: '_cord_sdk_data', session: 'ours_sid' });
    expect(ipHeader).toBe('cf-connecting-ip');
  });

  it.each<[string, object]>([
    ['cookieNames has an unknown option', { cookieNames: { device_id: 'a' } }],
    ['cookieNames.data must be a cookie name', { cookieNames: { data: 'a%b' } }],
    ['ipHeader must be a header name', { ipHeader: '' }],
    ['identityFromLinks must be one of', { identityFromLinks: 'sometimes' }],
    ['keepQuery must be a list', { keepQuery: 'plan' }],
    ['now must be a function', { now: 7 }],
  ])('reports: %s', (message, options) => {
    expect(() => resolveReading(options)).toThrow(message);
  });
});
