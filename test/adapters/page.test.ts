import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readVisitor } from '../../src/adapters/read-visitor.js';
import { resolveReading } from '../../src/adapters/resolve-reading.js';
import type { ReadingOptions } from '../../src/adapters/visitor-options.js';
import { CAMPAIGN_FIELDS } from '../../src/protocol/fields.js';

function read(headers: Record<string, string>, url?: string, options: ReadingOptions = {}) {
  return readVisitor({ url, header: (name) => headers[name] }, resolveReading(options)).toInput();
}

describe('the page', () => {
  it.each([
    ['www.shop.example', 'https://www.shop.example/plans'],
    ['www.shop.example:8443', 'https://www.shop.example:8443/plans'],
    [undefined, 'https://upstream:3000/plans'],
    ['no host', 'https://upstream:3000/plans'],
  ])('has the host and port that the trusted proxy reports: %s', (host, url) => {
    const headers = { 'x-forwarded-proto': 'https', ...(host !== undefined && { 'x-forwarded-host': host }) };
    expect(read(headers, 'http://upstream:3000/plans', { trustProxy: 1 }).url).toBe(url);
  });

  it('loses credentials and fragment', () => {
    expect(read({}, 'https://user:secret@shop.example/a?gclid=1#c').url).toBe('https://shop.example/a?gclid=1');
  });

  describe('the query that is kept', () => {
    const RESET =
      'https://shop.example/reset?token=SECRET&UTM_source=a%20b&email=ada%40example.org&plan=gold&gclid=G&li_did=L';
    const addresses = (url: string, referer: string, options: ReadingOptions = {}) => {
      const { url: address, defaultProperties } = read({ referer }, url, options);
      return { address, current: defaultProperties?.current_url, referrer: defaultProperties?.referrer };
    };

    it('has only campaigns and click ids, unchanged, for events, assignments and the referrer', () => {
      const kept = 'https://shop.example/reset?UTM_source=a%20b&gclid=G&li_did=L';
      expect(addresses(RESET, RESET)).toEqual({ address: kept, current: kept, referrer: kept });
    });

    it('has no parameter without a name or a value, and no id from a link', () => {
      for (const query of ['?SECRET', '?=SECRET', '?a=1&&=', '?ours_visitor_id=v&ours_test_token=test_1', '?']) {
        expect(addresses(`https://shop.example/a${query}`, '').address).toMatch(/^https:\/\/shop\.example\/a\??$/);
      }
    });

    it('has the parameters of keepQuery in any case, and all of them with *', () => {
      const plan = addresses('https://shop.example/?Plan=gold&token=SECRET', '', { keepQuery: ['plan'] });
      expect(plan.address).toBe('https://shop.example/?Plan=gold');
      expect(addresses(RESET, RESET, { keepQuery: ['*'] })).toEqual({
        address: RESET,
        current: RESET,
        referrer: RESET,
      });
    });

    it('does not limit the campaign properties', () => {
      expect(read({}, RESET).defaultProperties).toMatchObject({ utm_source: 'a b', gclid: 'G', clickid: 'L' });
    });

    it.each([[undefined], [['*']]])(
      'is empty for another site, of which only the origin is kept, with keepQuery %j',
      (keepQuery) => {
        const { referrer } = addresses('https://shop.example/', 'https://clinic.example/hiv/test?q=hiv', { keepQuery });
        expect(referrer).toBe('https://clinic.example/');
      },
    );

    it.each([['plan'], [['']], [[1]]])('must be a list, not %j', (keepQuery) => {
      expect(() => resolveReading({ keepQuery: keepQuery as string[] })).toThrow(/^keepQuery must be a list/);
    });
  });

  it('is unknown if a page sends the request without a referrer', () => {
    expect(read({ 'sec-fetch-dest': 'empty' }, 'https://shop.example/api')).toMatchObject({ url: undefined });
  });

  it('takes the campaign from the referrer if it is on the same host', () => {
    const url = 'https://shop.example/checkout?utm_term=shoes';
    const from = (referer: string) => read({ referer }, url).defaultProperties;
    expect(from('https://shop.example/?UTM_Source=news&utm_term=hats')).toMatchObject({
      utm_source: 'news',
      utm_term: 'shoes',
    });
    expect(from('https://other.example/?utm_source=news')).not.toHaveProperty('utm_source');
  });

  it.each([
    '',
    '/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://',
    `https://shop.example/${'x'.repeat(9_000)}`,
  ])('cannot be %j', (text) => {
    expect(read({ referer: text }, text)).toMatchObject({ url: undefined, defaultProperties: {} });
  });
});

describe('the click ids of a page', () => {
  const pageWith = (query: string, cookie = '', options: ReadingOptions = {}) =>
    read({ cookie }, `https://www.shop.example/${query}`, options).defaultProperties;

  it.each(CAMPAIGN_FIELDS.split(' '))('are read from the query in any case: %s', (name) => {
    expect(pageWith(`?${name.toUpperCase()}=x`)).toHaveProperty(name, 'x');
  });

  it('include Meta’s form, built as in the browser SDK', () => {
    vi.useFakeTimers({ now: 1_773_489_600_000 });
    onTestFinished(() => void vi.useRealTimers());
    expect(pageWith('?fbclid=AbC')).toMatchObject({ fbclid: 'AbC', fbc: 'fb.2.1773489600000.AbC' });
    expect(pageWith('?gclid=1')).not.toHaveProperty('fbc');
  });

  it('use li_did as clickid if there is none', () => {
    expect(pageWith('?li_did=L')).toMatchObject({ clickid: 'L' });
    expect(pageWith('?li_did=L&clickid=C')).toMatchObject({ clickid: 'C' });
    expect(pageWith('?li_did=L')).not.toHaveProperty('li_did');
  });

  it('include those from cookies: axwrt, fbp and the number of sessions', () => {
    const data = encodeURIComponent(JSON.stringify({ sid: 'sid_1', fb_init: 'fb.1.2.3', session_count: 4 }));
    const properties = { axwrt: 'A', fbp: 'fb.1.2.3', sessionCount: 4 };
    expect(pageWith('', `_axwrt=A; _cord_sdk_data=${data}`)).toMatchObject(properties);
    expect(pageWith('', `_axwrt=A; mine=${data}`, { cookieNames: { data: 'mine' } })).toMatchObject(properties);
  });

  it.each([
    '',
    '_cord_sdk_data=null',
    '_cord_sdk_data={',
    '_cord_sdk_data={"fb_init":1,"session_count":"many"}; _axwrt=',
  ])('are missing with the cookies %j', (cookie) => {
    const properties = pageWith('', cookie);
    for (const name of ['axwrt', 'fbp', 'sessionCount']) expect(properties).not.toHaveProperty(name);
  });
});
