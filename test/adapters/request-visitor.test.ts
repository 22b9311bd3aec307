import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readCookie } from '../../src/adapters/cookies.js';
import { readIp } from '../../src/adapters/ip.js';
import { readVisitor } from '../../src/adapters/request-visitor.js';
import { clientIp, toTrusts } from '../../src/adapters/trusted-proxies.js';
import { type ReadingOptions, resolveReading } from '../../src/adapters/visitor-options.js';
import { CAMPAIGN_FIELDS } from '../../src/protocol/fields.js';

function read(headers: Record<string, string>, url?: string, options: ReadingOptions = {}) {
  return readVisitor({ url, header: (name) => headers[name] }, resolveReading(options)).whole();
}

describe('a cookie', () => {
  it.each([
    ['a=1; id=v; b=2', 'v'],
    ['id=v', 'v'],
    ['  id=  v  ;', 'v'],
    ['x=a id=evil; id=v', 'v'],
    ['x="; id=v', 'v'],
    ['id=;id=v', 'v'],
    ['idid=w; id=v', 'v'],
    ['id="v w"', 'v w'],
    ['id=a%20b', 'a b'],
    ['id=100%; x=1', '100%'],
    ['id=%41%zz%C3%A9%2', 'A%zzé%2'],
    ['id=a=b', 'a=b'],
    ['xid=w; id=v', 'v'],
    ['id', undefined],
    ['ID=v', undefined],
    ['', undefined],
    [';;;=;', undefined],
  ])('of the header %j is %j', (header, value) => {
    expect(readCookie(header, 'id')).toBe(value);
  });

  it('that is there twice is the first that decodes, as in the browser', () => {
    expect(readCookie('id=first; id=second', 'id')).toBe('first');
    expect(readCookie('id=%ff; id=second', 'id')).toBe('second');
    expect(readCookie('id=; id=second', 'id')).toBe('second');
  });

  it('is looked for in the first few of its name only', () => {
    const many = (count: number) => `${'id=%ff;'.repeat(count)} id=v`;
    expect(readCookie(many(3), 'id')).toBe('v');
    expect(readCookie(many(4), 'id')).toBeUndefined();
    expect(readCookie(`${'x=id=%ff;'.repeat(9)} id=v`, 'id')).toBe('v');
  });

  it('that is longer than a browser keeps is none', () => {
    expect(readCookie(`id=${'%'.repeat(4_096)}`, 'id')).toHaveLength(4_096);
    expect(readCookie(`id=${'%'.repeat(4_097)}; id=v`, 'id')).toBe('v');
  });

  it('is not read from where nobody keeps cookies, nor cut there', () => {
    const filler = `x=${'x'.repeat(64 * 1024 - 10)}; `;
    expect(readCookie(`id=v; ${filler}`, 'id')).toBe('v');
    expect(readCookie(`${filler}id=0123456789`, 'id')).toBeUndefined();
    expect(readCookie('x'.repeat(1_000_000), 'id')).toBeUndefined();
  });

  it('is read back whatever was written, by the browser’s own encoding', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ minLength: 1 }), (value, other) => {
        const header = `before=${encodeURIComponent(other)}; id=${encodeURIComponent(value)}; after=1`;
        expect(readCookie(header, 'id')).toBe(value);
      }),
    );
  });
});

describe('who it is', () => {
  it('is read from the cookies and the address, and the rest is not before it is asked for', () => {
    const asked: string[] = [];
    const header = (name: string) => {
      asked.push(name);
      return { cookie: 'ours_device_id=v', 'user-agent': 'browser' }[name];
    };
    const visitor = readVisitor({ url: 'https://shop.example/', header }, resolveReading({}));
    expect(visitor.userId).toBe('v');
    expect(asked).toEqual(['cookie']);
    expect(visitor.whole()).toMatchObject({ userId: 'v', url: 'https://shop.example/', userAgent: 'browser' });
  });

  it.each([
    ['https://shop.example/?a=ours_visitor_id&ours_visitor_id=p%20q', 'p q'],
    ['https://shop.example/?ours_visitor_id=&ours_user_id=p', 'p'],
    ['https://shop.example/ours_visitor_id=p', 'v'],
    ['https://shop.example/#?ours_visitor_id=p', 'v'],
    ['/?ours_visitor_id=p', 'v'],
  ])('by the address %j is %j', (url, userId) => {
    expect(read({ cookie: 'ours_device_id=v' }, url, { identityFromLinks: 'always' }).userId).toBe(userId);
  });
});

describe('the session', () => {
  it.each([
    ['_cord_sdk_data={"sid":"sid_17"}; ours_sid=sid_9', '17'],
    ['_cord_sdk_data={"sid":17}', '17'],
    ['_cord_sdk_data={"session_count":2}; ours_sid=sid_9', '9'],
    ['_cord_sdk_data={"sid":"sid_undefined"}; ours_sid=sid_9', '9'],
    ['_cord_sdk_data={broken; ours_sid=sid_9', '9'],
    ['_cord_sdk_data=null; ours_sid=9', '9'],
    ['_cord_sdk_data="sid_17"', undefined],
    ['ours_sid=null', undefined],
  ])('of %j is %j', (cookie, sessionId) => {
    expect(read({ cookie }, undefined, { now: () => 1_000 }).sessionId).toBe(sessionId);
  });
});

describe('an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    [' 203.0.113.7:4711 ', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[2001:DB8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['::', '::'],
    ['64:ff9b::1.2.3.4', '64:ff9b::1.2.3.4'],
  ])('%j is %s', (text, ip) => {
    expect(readIp(text)?.text).toBe(ip);
  });

  it.each([
    '',
    'unknown',
    '_hidden',
    '256.1.1.1',
    '1.2.3',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2:3:4:5:6:7:8',
    '12345::',
    'g::',
    '::1.2.3',
    '1.2.3.4\u0000',
    '1.2.3.4:x',
    '1.2.3.4::',
    '1.2.3.4:5:6:7:8:9:a:b',
    // Octal to some, decimal to others.
    '010.0.0.1',
    '::ffff:10.0.0.01',
  ])('%j is none', (text) => {
    expect(readIp(text)).toBeUndefined();
  });

  it('of a megabyte is none', () => {
    expect(readIp('1'.repeat(1_000_000))).toBeUndefined();
  });

  it('has the same groups however it is written', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, (numbers) => {
        const long = numbers.map((group) => group.toString(16).padStart(4, '0')).join(':');
        // URL shortens it as RFC 5952 has it.
        const short = new URL(`http://[${long}]`).hostname;
        expect(readIp(short)?.groups).toEqual(readIp(long)?.groups);
      }),
    );
  });
});

describe('the client behind proxies', () => {
  const chain = '1.1.1.1, 10.0.0.2, 10.0.0.1';

  it.each([
    ['nobody is trusted', undefined, '10.0.0.9'],
    ['none is counted', 0, '10.0.0.9'],
    ['one is counted', 1, '10.0.0.1'],
    ['three are counted', 3, '1.1.1.1'],
    ['more are counted than there are', 4, undefined],
    ['a range is listed', ['10.0.0.0/8'], '1.1.1.1'],
    ['one address is listed', ['10.0.0.9'], '10.0.0.1'],
    ['others are listed', ['192.168.0.0/16', '2001:db8::/32'], '10.0.0.9'],
    ['everybody in the chain is listed', ['10.0.0.0/8', '1.0.0.0/8'], undefined],
  ])('when %s', (_, trustProxy, ip) => {
    expect(clientIp('10.0.0.9', chain, trustProxy === undefined ? undefined : toTrusts(trustProxy))).toBe(ip);
  });

  it('is found in ranges of IPv6 and through addresses that are both', () => {
    const trusts = toTrusts(['2001:db8::/33', '10.0.0.0/8']);
    expect(clientIp('2001:db8:7fff::1', '9.9.9.9', trusts)).toBe('9.9.9.9');
    expect(clientIp('2001:db8:8000::1', '9.9.9.9', trusts)).toBe('2001:db8:8000::1');
    expect(clientIp('::ffff:10.1.2.3', '9.9.9.9', trusts)).toBe('9.9.9.9');
  });

  it.each(['10.0.0.1:80', '10.0.0.1:80/8', '[2001:db8::1]:443/32', 'fe80::%eth0/10'])(
    'is no matter of ports and zones: %s is refused, or it would stand for other addresses',
    (range) => {
      expect(() => toTrusts([range])).toThrow(/no address range/);
    },
  );

  it.each([1, 2, ['10.0.0.0/8']])(
    'is unknown, not the proxy, when %j are trusted and no list is there',
    (trustProxy) => {
      for (const missing of [undefined, null, ''])
        expect(clientIp('10.0.0.9', missing, toTrusts(trustProxy))).toBeUndefined();
    },
  );

  it('is the peer itself when that is no proxy of the list, with or without a list of its own', () => {
    expect(clientIp('203.0.113.7', undefined, toTrusts(['10.0.0.0/8']))).toBe('203.0.113.7');
    expect(clientIp('203.0.113.7', '9.9.9.9', toTrusts(['10.0.0.0/8']))).toBe('203.0.113.7');
  });

  it('is unknown, not the platform, when the platform does not name it', () => {
    const facts = { peerIp: () => '10.0.0.9', header: () => undefined };
    for (const trustProxy of [undefined, 0]) {
      const reading = resolveReading({ ipHeader: 'cf-connecting-ip', trustProxy });
      expect(readVisitor(facts, reading).whole().ip).toBeUndefined();
    }
  });

  it.each(['0.0.0.0/0', '::/0'])('is never found where everybody is a proxy: %s is refused', (range) => {
    expect(() => toTrusts([range])).toThrow(/every visitor for a proxy/);
  });

  it('is unknown when it has hidden itself or the list is nonsense', () => {
    expect(clientIp('10.0.0.9', 'unknown', toTrusts(1))).toBeUndefined();
    expect(clientIp('10.0.0.9', ',,,', toTrusts(1))).toBeUndefined();
    expect(clientIp(undefined, '9.9.9.9', toTrusts(['10.0.0.0/8']))).toBeUndefined();
  });

  it('is never one that stands before an address that is not trusted', () => {
    const address = fc.ipV4();
    fc.assert(
      fc.property(address, fc.array(address, { maxLength: 6 }), fc.array(fc.string()), (peer, seen, invented) => {
        const trusted = (ip: string) => ip.startsWith('10.') || Number.parseInt(ip, 10) < 128;
        const trusts = toTrusts(['10.0.0.0/8', '0.0.0.0/1']);
        const ip = clientIp(peer, [...invented, ...seen].join(','), trusts);
        const expected = [peer, ...seen.toReversed()].find((one) => !trusted(one));
        if (expected !== undefined) expect(ip).toBe(expected);
        // Of what was invented, if everybody was trusted; a trusted address never.
        else if (ip !== undefined) expect(trusts(readIp(ip), 0)).toBe(false);
      }),
    );
  });

  it('is looked for in the end of an endless list only', () => {
    const endless = `1.1.1.1,${'10.0.0.1,'.repeat(100_000)}10.0.0.1`;
    expect(clientIp('10.0.0.9', endless, toTrusts(['10.0.0.0/8']))).toBeUndefined();
  });
});

describe('the page', () => {
  it.each([
    ['www.shop.example', 'https://www.shop.example/plans'],
    ['www.shop.example:8443', 'https://www.shop.example:8443/plans'],
    [undefined, 'https://upstream:3000/plans'],
    ['no host', 'https://upstream:3000/plans'],
  ])('is at the host that the trusted proxy was asked for, on its port: %s', (host, url) => {
    const headers = { 'x-forwarded-proto': 'https', ...(host !== undefined && { 'x-forwarded-host': host }) };
    expect(read(headers, 'http://upstream:3000/plans', { trustProxy: 1 }).url).toBe(url);
  });

  it('has no credentials and no fragment', () => {
    expect(read({}, 'https://user:secret@shop.example/a?gclid=1#c').url).toBe('https://shop.example/a?gclid=1');
  });

  describe('keeps of its query', () => {
    const RESET =
      'https://shop.example/reset?token=SECRET&UTM_source=a%20b&email=ada%40example.org&plan=gold&gclid=G&li_did=L';
    const addresses = (url: string, referer: string, options: ReadingOptions = {}) => {
      const { url: address, defaultProperties } = read({ referer }, url, options);
      return { address, current: defaultProperties?.current_url, referrer: defaultProperties?.referrer };
    };

    it('campaigns and click ids alone, as they were written, for events, assignments and the page before', () => {
      const kept = 'https://shop.example/reset?UTM_source=a%20b&gclid=G&li_did=L';
      expect(addresses(RESET, RESET)).toEqual({ address: kept, current: kept, referrer: kept });
    });

    it('nothing of a parameter without a name, without a value, or of ids that a link brought', () => {
      for (const query of ['?SECRET', '?=SECRET', '?a=1&&=', '?ours_visitor_id=v&ours_test_token=test_1', '?']) {
        expect(addresses(`https://shop.example/a${query}`, '').address).toMatch(/^https:\/\/shop\.example\/a\??$/);
      }
    });

    it('what the site names in any case, and all of it where the site says so', () => {
      const plan = addresses('https://shop.example/?Plan=gold&token=SECRET', '', { keepQuery: ['plan'] });
      expect(plan.address).toBe('https://shop.example/?Plan=gold');
      expect(addresses(RESET, RESET, { keepQuery: ['*'] })).toEqual({
        address: RESET,
        current: RESET,
        referrer: RESET,
      });
    });

    it('still all that campaigns are read from', () => {
      expect(read({}, RESET).defaultProperties).toMatchObject({ utm_source: 'a b', gclid: 'G', clickid: 'L' });
    });

    it.each([[undefined], [['*']]])(
      'nothing on another site, whose origin alone is told, with keepQuery %j',
      (keepQuery) => {
        const { referrer } = addresses('https://shop.example/', 'https://clinic.example/hiv/test?q=hiv', { keepQuery });
        expect(referrer).toBe('https://clinic.example/');
      },
    );

    it.each([['plan'], [['']], [[1]]])('no list such as %j', (keepQuery) => {
      expect(() => resolveReading({ keepQuery: keepQuery as string[] })).toThrow(/^keepQuery must be a list/);
    });
  });

  it('is unknown where a page asks and does not say which', () => {
    expect(read({ 'sec-fetch-dest': 'empty' }, 'https://shop.example/api')).toMatchObject({ url: undefined });
  });

  it('keeps the campaign a visitor has come with to the page before, on the same host only', () => {
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
  ])('is not %j', (text) => {
    expect(read({ referer: text }, text)).toMatchObject({ url: undefined, defaultProperties: {} });
  });
});

describe('the click ids of a page', () => {
  const pageWith = (query: string, cookie = '', options: ReadingOptions = {}) =>
    read({ cookie }, `https://www.shop.example/${query}`, options).defaultProperties;

  it.each(CAMPAIGN_FIELDS.split(' '))('are read from its query in any case: %s', (name) => {
    expect(pageWith(`?${name.toUpperCase()}=x`)).toHaveProperty(name, 'x');
  });

  it('have Meta’s form as well, made as the browser SDK makes it', () => {
    vi.useFakeTimers({ now: 1_773_489_600_000 });
    onTestFinished(() => void vi.useRealTimers());
    expect(pageWith('?fbclid=AbC')).toMatchObject({ fbclid: 'AbC', fbc: 'fb.2.1773489600000.AbC' });
    expect(pageWith('?gclid=1')).not.toHaveProperty('fbc');
  });

  it('have li_did as clickid, where there is none', () => {
    expect(pageWith('?li_did=L')).toMatchObject({ clickid: 'L' });
    expect(pageWith('?li_did=L&clickid=C')).toMatchObject({ clickid: 'C' });
    expect(pageWith('?li_did=L')).not.toHaveProperty('li_did');
  });

  it('come from cookies too: axwrt, fbp and the number of sessions', () => {
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
  ])('are none in the cookies %j', (cookie) => {
    const properties = pageWith('', cookie);
    for (const name of ['axwrt', 'fbp', 'sessionCount']) expect(properties).not.toHaveProperty(name);
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
  ])('of %j is %j', (header, language) => {
    expect(read({ 'accept-language': header }).defaultProperties).toEqual(
      language === undefined ? {} : { browser_language: language },
    );
  });
});

describe('whatever a stranger sends', () => {
  const names = ['cookie', 'user-agent', 'accept-language', 'referer', 'sec-fetch-dest', 'x-forwarded-for'];
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme-ascii' }),
    fc.webUrl({ withQueryParameters: true }),
  );
  const headers = fc.dictionary(fc.constantFrom(...names, 'x-forwarded-proto', 'x-forwarded-host'), text);

  it('is read without an error, and nothing in it has control characters', () => {
    fc.assert(
      fc.property(headers, text, text, (sent, url, id) => {
        const cookie = `${sent.cookie ?? ''}; ours_device_id=${id}; _cord_sdk_data=${id}; ours_sid=${id}`;
        const visitor = read({ ...sent, cookie }, url, { trustProxy: 2, ipHeader: 'referer' });
        const { defaultProperties, isFromLink: _, ...own } = visitor;
        for (const value of [...Object.values(own), ...Object.values(defaultProperties ?? {})]) {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
          if (value !== undefined) expect(value).toMatch(/^[^\u0000-\u001f\u007f]+$/);
        }
      }),
    );
  });
});
