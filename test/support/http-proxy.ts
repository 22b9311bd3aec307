import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { onTestFinished } from 'vitest';

export interface RunningProxy {
  readonly url: string;
  readonly host: string;
  /** What clients asked for: `host:port` of each tunnel. */
  readonly tunnels: string[];
}

/**
 * A proxy that ends with the test. Every tunnel leads to `target`, whatever was asked for; without one it is refused with 407,
 * and with `'silence'` there is no answer.
 */
export async function startProxy(target?: string): Promise<RunningProxy> {
  const tunnels: string[] = [];
  const proxy = createServer((_, response) => response.writeHead(501).end());
  proxy.on('connect', ({ url = '' }: IncomingMessage, client, head) => {
    tunnels.push(url);
    if (target === 'silence') return;
    if (target === undefined) return client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const { hostname, port } = new URL(target);
    const upstream = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [upstream, client]) socket.on('error', () => socket.destroy());
  });
  const sockets = new Set<{ destroy(): void }>();
  proxy.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return { url: `http://${host}`, host, tunnels };
}
