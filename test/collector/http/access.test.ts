import { describe, expect, it } from 'vitest';
import { createAdmit } from '../../../src/collector/http/access.js';
import { type Collector, createCollector } from '../../../src/collector/index.js';
import { isLoopback } from '../../../src/protocol/loopback.js';

const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`;

describe('on this machine only', () => {
  const admit = createAdmit({ host: '127.0.0.1' });

  it.each(['127.0.0.1:6877', 'localhost:6877', 'LOCALHOST', '[::1]:6877', '127.0.0.2'])(
    'admits a request %s',
    (host) => {
      expect(admit('GET', '/', { host })).toBeUndefined();
    },
  );

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:6877', '', '192.168.0.5'])(
    'refuses a host name of another site that points here: %s',
    (host) => {
      expect(admit('GET', '/', { host })).toMatchObject({ status: 403 });
    },
  );

  const host = '127.0.0.1:6877';
  const own = `http://${host}`;

  it.each([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' }],
    ['a page that hides where it is from', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['a site that only claims to be another', { 'sec-fetch-site': 'cross-site' }],
    ['another site, in a browser that says no more', { origin: 'https://evil.example' }],
    ['a page that hides where it is from, in such a browser', { origin: 'null' }],
  ])('refuses a form from %s', (_whom, headers) => {
    expect(admit('POST', '/experiments/x/start', { host, ...headers })).toMatchObject({ status: 403 });
  });

  it.each([
    ['the page', { origin: own, 'sec-fetch-site': 'same-origin' }],
    ['the page, in a browser that only says the origin', { origin: own }],
    ['the page, in a browser that only says the site', { 'sec-fetch-site': 'same-origin' }],
    ['a program', {}],
  ])('accepts a form from %s', (_whom, headers) => {
    expect(admit('POST', '/experiments/x/start', { host, ...headers })).toBeUndefined();
  });

  it('accepts links from other sites', () => {
    const link = { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(admit('GET', '/', link)).toBeUndefined();
    expect(admit('POST', '/', link)).toMatchObject({ status: 403 });
  });

  it('does not let other sites embed the pages or read the stream', () => {
    for (const mode of ['no-cors', 'cors']) {
      const embedded = { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode };
      expect(admit('GET', '/events/live', embedded)).toMatchObject({ status: 403 });
    }
  });

  it('requires no password from clients, which send a token', () => {
    expect(admit('POST', '/api/v1/batch', { host: 'collector:6877', origin: 'https://shop.example' })).toBeUndefined();
    expect(admit('POST', '/ingest', { host: 'collector:6877', origin: 'https://shop.example' })).toBeUndefined();
  });
});

describe.each([
  ['when other machines can reach it', '0.0.0.0'],
  ['behind a proxy on this machine', '127.0.0.1'],
])('with a password, %s', (_where, bound) => {
  const admit = createAdmit({ host: bound, password: 'grün-7QmZ2xRkW9' });
  const host = 'build-server:6877';

  it.each([
    ['the password', basic('anybody:grün-7QmZ2xRkW9')],
    ['the password without a user name', basic(':grün-7QmZ2xRkW9')],
    ['a bearer', `Bearer grün-7QmZ2xRkW9`],
  ])('admits requests with the password as %s', (_how, authorization) => {
    expect(admit('GET', '/', { host, authorization })).toBeUndefined();
  });

  it.each([
    ['nothing', undefined],
    ['a wrong password', basic('anybody:grün-7QmZ2xRkW8')],
    ['a part of it', basic('anybody:grün-')],
    ['the password as the user', basic('grün-7QmZ2xRkW9:')],
    ['no base64', 'Basic %%%'],
    ['another scheme', 'Digest grün-7QmZ2xRkW9'],
  ])('requires it for %s', (_what, authorization) => {
    expect(admit('GET', '/', { host, ...(authorization && { authorization }) })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringContaining('Basic') },
    });
  });

  it('still refuses forms of other sites', () => {
    const authorization = basic('anybody:grün-7QmZ2xRkW9');
    expect(admit('POST', '/', { host, authorization, origin: 'https://evil.example' })).toMatchObject({ status: 403 });
  });
});

describe('when other machines can reach it', () => {
  const statusWith = async (collector: Collector, password: string, path = '/') => {
    const url = collector.url.replace('0.0.0.0', '127.0.0.1');
    const answers = [basic(`x:${password}`), `Bearer ${password}`].map((authorization) =>
      fetch(url + path, { headers: { authorization } }),
    );
    return (await Promise.all(answers)).map(({ status }) => status);
  };

  it('shows nothing for a token, which every web page contains: no pages, Platform API or stream', async () => {
    for (const password of [undefined, 'its own']) {
      await using collector = await createCollector({ host: '0.0.0.0', tokens: ['web', 'exp_web'], password });
      for (const path of ['/', '/experiments', '/events/live', '/rest/v1/experiments', '/assets/page.js']) {
        for (const token of ['web', 'exp_web']) expect(await statusWith(collector, token, path)).toEqual([401, 401]);
      }
    }
  });

  it('shows everything for the password', async () => {
    await using collector = await createCollector({ host: '0.0.0.0', tokens: ['web'], password: 'its own' });
    expect(await statusWith(collector, 'its own')).toEqual([200, 200]);
  });

  it('does not say that nothing leaves this machine', async () => {
    const authorization = basic('x:its own');
    for (const host of ['0.0.0.0', '127.0.0.1']) {
      await using collector = await createCollector({ host, tokens: ['web'], password: 'its own' });
      const url = collector.url.replace('0.0.0.0', '127.0.0.1');
      const page = await (await fetch(url, { headers: { authorization } })).text();
      expect(page).toContain('Only people with the password can see this page.');
      expect(page).not.toContain('leaves this machine');
    }
    await using collector = await createCollector();
    expect(await (await fetch(collector.url)).text()).toContain('Nothing on this page leaves this machine.');
  });

  it('does not start without tokens, or with a token as its password', async () => {
    await expect(createCollector({ host: '0.0.0.0', password: 'p' })).rejects.toThrow(/other machines.*tokens/);
    await expect(createCollector({ host: '0.0.0.0', tokens: [] })).rejects.toMatchObject({ code: 'invalid_option' });
    await expect(createCollector({ tokens: ['web'], password: 'web' })).rejects.toThrow('password is one of tokens');
    await expect(createCollector({ password: '' })).rejects.toThrow('password is empty');
  });

  it.each([
    ['an empty key, which needs no key at all', '', 'a key of apiKeys is empty'],
    ['a missing key', undefined, 'a key of apiKeys must be a string; got nothing'],
    ['a token, which is public', 'web', 'a key of apiKeys is one of tokens'],
  ])('does not start with %s, for the Platform API', async (_, key, message) => {
    const apiKeys = [{ key: 'secret' }, { key: key as string }];
    await expect(createCollector({ tokens: ['web'], apiKeys })).rejects.toThrow(message);
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.0.5', false],
  ['localhost.example', false],
])('%s is reached from this machine only: %s', (host, answer) => {
  expect(isLoopback(host)).toBe(answer);
});
