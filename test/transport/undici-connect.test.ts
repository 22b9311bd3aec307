import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import undici, { type buildConnector } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { createConnecting } from '../../src/transport/undici-connect.js';

it.each([
  ['proxy.example', 'proxy.example'],
  ['127.0.0.1', ''],
  ['[::1]', ''],
  [null, ''],
])('names %s in TLS only if it is a name', async (servername, expected) => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const named = await new Promise((resolve) => {
    const secure = (options: buildConnector.Options, callback: buildConnector.Callback): void => {
      resolve(options.servername);
      callback(null, options.httpSocket!);
    };
    const { errors } = undici;
    const { connect } = createConnecting({ buildConnector: () => secure as never, errors }, 60_000);
    const options = { hostname: '127.0.0.1', protocol: 'https:', port: String(port), servername: servername as string };
    connect(options, (_error, socket) => socket?.destroy());
  });
  expect(named).toBe(expected);
});
