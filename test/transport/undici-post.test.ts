import dns from 'node:dns';
import net from 'node:net';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { toBytes } from '../../src/protocol/bytes.js';
import { SLOW_CONNECT_MS } from '../../src/transport/undici-connect.js';
import type { Undici } from '../../src/transport/undici-engine.js';
import { createUndiciPost, type UndiciPostOptions } from '../../src/transport/undici-post.js';
import { bundledUndici } from '../support/bundled-undici.js';
import { until } from '../support/client.js';
import { holdTime } from '../support/held-time.js';
import { startProxy } from '../support/http-proxy.js';
import { json, scriptService } from '../support/scripted-service.js';

/** As it is in the package; the other tests use the installed one. */
let undici: Undici;
beforeAll(async () => {
  undici = await bundledUndici();
});

async function open(options: Partial<UndiciPostOptions> & Pick<UndiciPostOptions, 'baseUrl'>) {
  const post = createUndiciPost(undici, {
    connections: 1,
    connectTimeoutMs: 10_000,
    monotonic: () => 0,
    ...options,
  });
  onTestFinished(() => post.close!());
  return (onConnected?: () => void) => post('/batch', toBytes('{}'), new AbortController().signal, onConnected);
}

/** Resolves `ingest.test` to these addresses. */
function resolveTo(...addresses: string[]) {
  const { lookup } = dns;
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(((host: string, options: never, callback: never) => {
    if (host !== 'ingest.test') return lookup(host, options, callback);
    const all = addresses.map((address) => ({ address, family: net.isIP(address) }));
    process.nextTick(callback as (error: null, all: dns.LookupAddress[]) => void, null, all);
  }) as never);
  onTestFinished(() => spy.mockRestore());
  return spy;
}

const ok = { success: true };

describe('the way through undici', () => {
  it('tells when a request has its connection, of a tunnel when that is made', async () => {
    const service = await scriptService((_, response) => json(response, 200, ok));
    const { url, host, tunnels } = await startProxy(service.origin);
    const proxy = { url, host, variable: 'HTTP_PROXY' };
    const direct = vi.fn();
    await (await open({ baseUrl: service.baseUrl }))(direct);
    expect(direct).toHaveBeenCalledOnce();
    const tunnelled = vi.fn(() => expect(tunnels).toHaveLength(1));
    await (await open({ baseUrl: 'http://ingest.test', proxy }))(tunnelled);
    expect(tunnelled).toHaveBeenCalledOnce();
  });

  it('goes through the tunnel of a proxy', async () => {
    const service = await scriptService((_, response) => json(response, 200, ok));
    const { url, host, tunnels } = await startProxy(service.origin);
    const request = await open({ baseUrl: 'http://ingest.test', proxy: { url, host, variable: 'HTTP_PROXY' } });
    expect(await request()).toMatchObject({ status: 200 });
    expect(tunnels).toEqual(['ingest.test:80']);
  });

  it('tells why a proxy makes no tunnel', async () => {
    const { url, host } = await startProxy();
    const request = await open({ baseUrl: 'http://ingest.test', proxy: { url, host, variable: 'HTTP_PROXY' } });
    await expect(request()).rejects.toMatchObject({ code: 'the proxy answers HTTP 407' });
  });

  it('gives up a proxy that never answers, and leaves nothing behind', async () => {
    const { url, host, tunnels } = await startProxy('silence');
    const request = await open({
      baseUrl: 'http://ingest.test',
      connectTimeoutMs: 600,
      proxy: { url, host, variable: 'HTTP_PROXY' },
    });
    const { connect } = net;
    const sockets: net.Socket[] = [];
    const spy = vi.spyOn(net, 'connect').mockImplementation(((options: net.TcpNetConnectOpts) => {
      const socket = connect(options);
      sockets.push(socket);
      return socket;
    }) as typeof net.connect);
    onTestFinished(() => spy.mockRestore());
    await expect(request()).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
    expect(tunnels).toEqual(['ingest.test:80']);
    await until(() => sockets.every(({ destroyed }) => destroyed));
  });

  it('lets the sockets of a proxy keep no process', async () => {
    const service = await scriptService((_, response) => json(response, 200, ok));
    const { url, host } = await startProxy(service.origin);
    const request = await open({ baseUrl: 'http://ingest.test', proxy: { url, host, variable: 'HTTP_PROXY' } });
    const spy = vi.spyOn(net, 'connect');
    onTestFinished(() => spy.mockRestore());
    await request();
    const value = spy.mock.results[0]!.value as net.Socket;
    const handle = (value as unknown as { readonly _handle: { hasRef(): boolean } })._handle;
    expect(handle.hasRef()).toBe(false);
    value.ref();
    expect(handle.hasRef()).toBe(false);
  });

  it('closes an idle socket after four seconds, whatever the server offers', async () => {
    const service = await scriptService((_, response) => json(response, 200, ok, { 'keep-alive': 'timeout=600' }));
    const request = await open({ baseUrl: service.baseUrl });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    await request();
    expect(service.sockets.size).toBe(1);
    await vi.advanceTimersByTimeAsync(6_000);
    vi.useRealTimers();
    await until(() => service.sockets.size === 0);
  });

  it('names the library and the runtime in User-Agent, and nothing else', async () => {
    let userAgent: string | undefined;
    const service = await scriptService(({ request }, response) => {
      userAgent = request.headers['user-agent'];
      json(response, 200, ok);
    });
    await (await open({ baseUrl: service.baseUrl }))();
    expect(userAgent).toMatch(/^ours-ingest\/\d+\.\d+\.\d+ node\/\d+$/);
  });

  it('makes new connections every half minute, so that a busy client follows a DNS switch', async () => {
    let now = 0;
    const service = await scriptService((_, response) => json(response, 200, ok));
    const lookups = resolveTo('127.0.0.1');
    const { port } = new URL(service.origin);
    const request = await open({ baseUrl: `http://ingest.test:${port}`, monotonic: () => now });
    for (now = 0; now < 30_000; now += 3_000) await request();
    expect(service.connections).toBe(1);
    await request();
    expect(service.connections).toBe(2);
    expect(lookups).toHaveBeenCalledTimes(2);
    await until(() => service.sockets.size === 1);
  });

  it.each([
    ['one', ['HTTP/1.1 100 Continue\r\n\r\n']],
    ['one with headers', ['HTTP/1.1 100 Continue\r\nserver: x\r\n\r\n']],
    ['one that begins in pieces', ['HT', 'TP/1.1 1', '00 Continue\r\n\r\n']],
    ['one in pieces', ['HTTP/1.1 100 Con', 'tinue\r\nserver: ', 'x\r\n\r', '\n']],
    ['several', ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n']],
    [
      'one before other interim answers',
      ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'],
    ],
    [
      'one behind other interim answers',
      ['HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'],
    ],
  ])('reads the answer behind 100 Continue: %s', async (_what, pieces) => {
    const body = JSON.stringify(ok);
    const server = net.createServer((socket) => {
      socket.setNoDelay(true);
      socket.on('data', async () => {
        for (const piece of pieces) await new Promise((resolve) => socket.write(piece, () => setImmediate(resolve)));
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const origin = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    const { url, host } = await startProxy(origin);
    const direct = await open({ baseUrl: origin });
    const through = await open({ baseUrl: 'http://ingest.test', proxy: { url, host, variable: 'HTTP_PROXY' } });
    // Twice on one connection.
    for (const request of [direct, direct, through, through])
      expect(await request()).toMatchObject({ status: 200, text: body });
  });
});

describe('connecting', () => {
  it('tells that there is no connection yet, long before it gives up', async () => {
    // Pending for as long as a firewall that drops packets likes.
    const spy = vi.spyOn(dns, 'lookup').mockImplementation((() => undefined) as never);
    onTestFinished(() => spy.mockRestore());
    const onSlowConnect = vi.fn();
    const request = await open({ baseUrl: 'http://ingest.test', connectTimeoutMs: 600_000, onSlowConnect });
    const time = holdTime();
    request().catch(() => undefined);
    await time.until(() => spy.mock.calls.length === 1);
    await time.pass(SLOW_CONNECT_MS - 1);
    expect(onSlowConnect).not.toHaveBeenCalled();
    await time.pass(1);
    await time.until(() => onSlowConnect.mock.calls.length === 1);
  });
});

describe('connecting to a host of several addresses', () => {
  // No route leads to these (RFC 5737, RFC 3849): connecting fails at once or never answers.
  const DEAD = ['192.0.2.1', '2001:db8::1'];

  it('goes on to the next one when the first is dead', async () => {
    const service = await scriptService((_, response) => json(response, 200, ok));
    resolveTo(...DEAD, '127.0.0.1');
    const request = await open({ baseUrl: `http://ingest.test:${new URL(service.origin).port}` });
    const time = holdTime();
    expect(await time.settle(request(), 10)).toMatchObject({ status: 200 });
  });

  it('does not give up a slow one for a dead one', async () => {
    const service = await scriptService((_, response) => json(response, 200, ok));
    const { connect } = net;
    const ends: (() => void)[] = [];
    // A handshake that ends only after the other address has failed.
    const spy = vi.spyOn(net, 'connect').mockImplementation(((options: net.TcpNetConnectOpts) => {
      if (options.host === '127.0.0.1') {
        const socket = new net.Socket();
        ends.push(() => socket.connect(options));
        return socket;
      }
      const dead = connect({ host: '127.0.0.1', port: 1 });
      dead.on('error', () => setImmediate(() => ends.shift()?.()));
      return dead;
    }) as never);
    onTestFinished(() => spy.mockRestore());
    resolveTo('127.0.0.1', '::1');
    const request = await open({ baseUrl: `http://ingest.test:${new URL(service.origin).port}` });
    expect(await request()).toMatchObject({ status: 200 });
    expect(spy).toHaveBeenCalledTimes(2);
  });

  it('says that nobody listens when all refuse', async () => {
    resolveTo('127.0.0.1', '127.0.0.2');
    const request = await open({ baseUrl: 'http://ingest.test:1' });
    await expect(request()).rejects.toMatchObject({ errors: [{ code: 'ECONNREFUSED' }, { code: 'ECONNREFUSED' }] });
  });

  it('says that the name is unknown when it has no address', async () => {
    resolveTo();
    const request = await open({ baseUrl: 'http://ingest.test:1' });
    await expect(request()).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('ends in time when none answers', async () => {
    const silent = vi.spyOn(net, 'connect').mockImplementation((() => new net.Socket()) as never);
    onTestFinished(() => silent.mockRestore());
    resolveTo('127.0.0.1', '127.0.0.2');
    const request = await open({ baseUrl: 'http://ingest.test:1' });
    const time = holdTime();
    const failure = request().catch((error: unknown) => error);
    await time.until(() => silent.mock.calls.length === 1);
    await time.pass(10_000);
    expect(await time.settle(failure)).toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' });
    expect(silent).toHaveBeenCalledTimes(2);
  });
});
