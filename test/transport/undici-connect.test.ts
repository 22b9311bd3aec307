import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import undici, { type buildConnector } from 'undici';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createConnecting } from '../../src/transport/undici-connect.js';

/** Connects over TLS to a server that listens, with another part for TLS. */
async function connectWith(
  secure: buildConnector.connector,
  servername: string | null,
): Promise<buildConnector.CallbackArgs> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { connect } = createConnecting({ buildConnector: () => secure, errors: undici.errors }, 60_000);
  const target = { hostname: '127.0.0.1', protocol: 'https:', port: String(port), servername: servername as string };
  return new Promise((resolve) => {
    connect(target, (...answer: buildConnector.CallbackArgs) => {
      answer[1]?.destroy();
      resolve(answer);
    });
  });
}

it('reports what TLS throws, which would otherwise end the process', async () => {
  const thrown = new Error('not a certificate');
  const secure = (() => {
    throw thrown;
  }) as never;
  expect(await connectWith(secure, 'service.example')).toEqual([thrown, null]);
});

it.each([
  ['proxy.example', 'proxy.example'],
  ['127.0.0.1', ''],
  ['[::1]', ''],
  [null, ''],
])('names %s in TLS only if it is a name', async (servername, expected) => {
  const secure = vi.fn((options: buildConnector.Options, callback: buildConnector.Callback) =>
    callback(null, options.httpSocket!),
  );
  await connectWith(secure as never, servername);
  expect(secure.mock.calls[0]![0].servername).toBe(expected);
});
