import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createVisitorInstaller } from '../../src/adapters/nest-server.js';
import type { Visitor } from '../../src/index.js';
import { rig } from '../support/client.js';

/** What a WebSocket's visitor reports as its address. */
async function addressOf(options: object): Promise<string | undefined> {
  const { client, collector } = await rig();
  const server = new EventEmitter();
  const instance = { use: () => undefined };
  createVisitorInstaller(
    client,
    options,
  )({ getType: () => 'express', getInstance: () => instance, getHttpServer: () => server });
  const headers = {
    cookie: 'ours_device_id=v',
    'user-agent': 'browser',
    'x-forwarded-for': '203.0.113.7',
    'x-real-ip': '198.51.100.4',
  };
  const request = { headers, socket: { remoteAddress: '10.0.0.1' } };
  server.on('upgrade', () => undefined);
  server.emit('upgrade', request);
  (request as unknown as { visitor: Visitor }).visitor.track('purchase');
  await client.flush();
  const [event] = collector.events();
  expect(event).toMatchObject({ userId: 'v' });
  expect(event?.defaultProperties).not.toHaveProperty('current_url');
  return event?.identityContext?.ip;
}

it.each<[string, object, string | undefined]>([
  ['not the proxy’s, which Express’s own setting would have told', {}, undefined],
  ['what a trusted proxy reports', { trustProxy: 1 }, '203.0.113.7'],
  ['what the connection says, if proxies at other addresses are trusted', { trustProxy: ['10.9.0.0/16'] }, '10.0.0.1'],
  ['what the platform’s header says', { ipHeader: 'x-real-ip' }, '198.51.100.4'],
])('the address of a WebSocket’s visitor is %s', async (_, options, expected) => {
  expect(await addressOf(options)).toBe(expected);
});

describe('a request with an Upgrade header', () => {
  type Upgraded = IncomingMessage & { readonly visitor?: Visitor };

  async function createHttpServer(prepare: (server: Server) => void = () => undefined): Promise<Server> {
    const { client } = await rig();
    const server = createServer((_, response) => response.setHeader('connection', 'close').end('plain'));
    prepare(server);
    const instance = { use: () => undefined };
    createVisitorInstaller(
      client,
      {},
    )({ getType: () => 'express', getInstance: () => instance, getHttpServer: () => server });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return server;
  }

  /** What the server answers to the first request of `curl --http2`. */
  async function ask(server: Server): Promise<string> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(
      'GET / HTTP/1.1\r\nHost: shop.example\r\nCookie: ours_device_id=v\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n',
    );
    return text(socket);
  }

  const upgrade = ({ visitor }: Upgraded, socket: Socket) => void socket.end(`upgraded ${visitor?.userId}`);

  it('is answered as without the module if nothing listens for upgrades', async () => {
    expect(await ask(await createHttpServer())).toMatch(/^HTTP\/1.1 200 .*plain$/s);
  });

  it('has its visitor for what listens for upgrades, whether that came before the module or after it', async () => {
    const before = await createHttpServer((server) => server.on('upgrade', upgrade));
    expect(await ask(before)).toBe('upgraded v');
    const after = await createHttpServer();
    after.on('upgrade', upgrade);
    expect(await ask(after)).toBe('upgraded v');
  });

  it('is answered again when the last listener for upgrades is gone', async () => {
    const server = await createHttpServer();
    const other = (): void => undefined;
    server.on('upgrade', other).on('upgrade', upgrade);
    server.off('upgrade', other);
    expect(await ask(server)).toBe('upgraded v');
    server.off('upgrade', upgrade);
    expect(await ask(server)).toMatch(/^HTTP\/1.1 200 /);
    server.once('upgrade', upgrade);
    expect(await ask(server)).toBe('upgraded v');
    expect(await ask(server)).toMatch(/^HTTP\/1.1 200 /);
    server.on('upgrade', upgrade).removeAllListeners('upgrade');
    expect(await ask(server)).toMatch(/^HTTP\/1.1 200 /);
  });
});
