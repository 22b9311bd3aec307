import { describe, expect, it } from 'vitest';
import { describeProxy, routeTo } from '../../src/transport/proxy.js';

const SERVICE = 'https://api.example/api/v1';
const PROXY = 'http://proxy.example:3128';

function hostFor(env: Record<string, string>, baseUrl = SERVICE): string | undefined {
  return routeTo(baseUrl, env).proxy?.host;
}

describe('the proxy of the environment', () => {
  it.each([
    [{}, undefined],
    [{ HTTPS_PROXY: PROXY }, 'HTTPS_PROXY'],
    [{ HTTPS_PROXY: 'http://other.example:1', https_proxy: PROXY }, 'https_proxy'],
    [{ ALL_PROXY: PROXY }, 'ALL_PROXY'],
    [{ HTTP_PROXY: PROXY }, 'HTTP_PROXY'],
    [{ HTTP_PROXY: 'http://other.example:1', ALL_PROXY: PROXY }, 'ALL_PROXY'],
    [{ HTTPS_PROXY: ' ', ALL_PROXY: PROXY }, 'ALL_PROXY'],
  ])('of %o is the one for https', (env, variable) => {
    const { proxy } = routeTo(SERVICE, env as Record<string, string>);
    expect(proxy?.variable).toBe(variable);
    if (variable !== undefined) expect(proxy?.host).toBe('proxy.example:3128');
  });

  it('of HTTPS_PROXY is not for http', () => {
    expect(hostFor({ HTTPS_PROXY: PROXY }, 'http://api.example')).toBeUndefined();
  });

  it.each([
    'http://127.0.0.1:6877/api/v1',
    'http://localhost:1',
    'http://[::1]:1',
    'http://shop.localhost',
    'http://0.0.0.0:1',
    'http://localhost.:1',
  ])('does not stand before this machine: %s', (baseUrl) => {
    // Not even one that is none: it is not in the way.
    for (const HTTP_PROXY of [PROXY, 'socks5://proxy.example']) {
      expect(routeTo(baseUrl, { HTTP_PROXY })).toEqual({ exempt: 'this machine' });
    }
  });

  it.each([
    ['*', true],
    ['api.example', true],
    ['.example', true],
    ['*.example', true],
    ['example', true],
    ['other.example, API.example:443', true],
    ['other.example api.example', true],
    ['api.example:8443', false],
    ['pi.example', false],
    ['', false],
    [' , ', false],
  ])('is passed by where NO_PROXY is %j: %s', (list, isExempt) => {
    const env = { HTTPS_PROXY: PROXY, NO_PROXY: list };
    expect(routeTo(SERVICE, env).proxy === undefined).toBe(isExempt);
  });

  it('is passed by for an address in NO_PROXY', () => {
    for (const NO_PROXY of ['10.0.0.7', '10.0.0.7:80', 'fd00::7', '[fd00::7]', '[fd00::7]:80']) {
      const hosts = ['http://10.0.0.7', 'http://[fd00::7]'].map((url) => hostFor({ HTTP_PROXY: PROXY, NO_PROXY }, url));
      expect(hosts.filter((host) => host === undefined)).toHaveLength(1);
    }
  });

  it.each([
    ['http://[fd00::7]', 'fd00:0:0:0:0:0:0:7'],
    ['http://[fd00::7]', '[FD00:0::7]:80'],
    ['http://api.example.', 'api.example'],
    ['http://api.example', 'example.'],
    ['http://api.example:80', 'api.example.:80'],
    ['http://bücher.example', 'xn--bcher-kva.example'],
    ['http://xn--bcher-kva.example', 'Bücher.example'],
  ])('is passed by for %s where NO_PROXY spells it %s', (baseUrl, NO_PROXY) => {
    expect(routeTo(baseUrl, { HTTP_PROXY: PROXY, NO_PROXY })).toEqual({ exempt: 'NO_PROXY' });
  });

  it('may have no scheme, and is never shown with what it holds', () => {
    expect(hostFor({ HTTPS_PROXY: 'proxy.example:3128' })).toBe('proxy.example:3128');
    const { proxy } = routeTo(SERVICE, { HTTPS_PROXY: 'http://me:secret@proxy.example:3128' });
    expect(describeProxy(proxy!)).toBe('the proxy proxy.example:3128 of HTTPS_PROXY');
    expect(proxy!.url).toBe('http://proxy.example:3128');
  });

  it('is refused when its password cannot be decoded, which is not repeated', () => {
    const refused = () => routeTo(SERVICE, { HTTPS_PROXY: 'http://me:50%secret@proxy.example:3128' });
    expect(refused).toThrow('HTTPS_PROXY holds a name or password with a % that is no escape');
    expect(refused).not.toThrow(/secret/);
  });

  it.each([
    ['me:secret', 'me:secret'],
    ['me:50%25%40%3A', 'me:50%@:'],
    ['key:', 'key:'],
    ['key', 'key:'],
    ['m%C3%BC:%E2%9C%93', 'mü:✓'],
  ])('is told name and password: %s', (written, meant) => {
    const { proxy } = routeTo(SERVICE, { HTTPS_PROXY: `http://${written}@proxy.example:3128` });
    expect(proxy!.authorization).toBe(`Basic ${Buffer.from(meant).toString('base64')}`);
  });

  it.each([
    'secret',
    'socks5://me:secret@proxy.example',
    'http://',
    'http://secret:x',
    'not a secret at all',
    'http://p/secret',
  ])('is refused when it cannot be one, and its value is not repeated: %s', (value) => {
    const act = () => routeTo(SERVICE, { HTTPS_PROXY: value });
    expect(act).toThrow(/^HTTPS_PROXY must be the address of an HTTP proxy such as http:\/\/proxy\.example:3128;/);
    expect(act).not.toThrow(/secret/);
    expect(act).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});
