import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A way to a server on this machine that can fall silent, as behind a load balancer that has lost its state. */
export interface SilentProxy {
  readonly port: number;
  /** From now on nothing passes over the connections there are, and they stay open; new ones work. */
  silence(): void;
  /** The same, and new connections are taken and answered nothing, until {@link restore}. */
  blackHole(): void;
  /** New connections work. */
  restore(): void;
}

/** Starts one that ends with the test. */
export async function silentProxy(target: number): Promise<SilentProxy> {
  const open = new Set<{ readonly sockets: readonly Socket[]; isSilent: boolean }>();
  let isBlackHole = false;
  const proxy = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    const pair = { sockets: [client, server], isSilent: isBlackHole };
    open.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => undefined);
      from.on('data', (chunk) => {
        if (!pair.isSilent) to.write(chunk);
      });
      // What ends on one side ends on the other, but for the silence.
      from.on('close', () => {
        if (!pair.isSilent) to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const silence = (): void => {
    for (const pair of open) pair.isSilent = true;
  };
  onTestFinished(() => {
    proxy.close();
    for (const { sockets } of open) for (const socket of sockets) socket.destroy();
  });
  return {
    port: (proxy.address() as AddressInfo).port,
    silence,
    blackHole() {
      isBlackHole = true;
      silence();
    },
    restore() {
      isBlackHole = false;
    },
  };
}
