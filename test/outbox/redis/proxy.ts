import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TestProxy {
  readonly port: number;
  /** How many connections clients have opened so far. */
  readonly accepted: number;
  /** How many of them are open. */
  readonly open: number;
  /** New connections lead to this port; those that are open stay where they are. */
  leadTo(port: number): void;
  /** The connections that are open stay open and pass nothing more. */
  silence(): void;
  /** Refuses new connections and resets the open ones. */
  refuse(): void;
  /** Accepts new connections again. */
  accept(): void;
}

/** A proxy in front of a server, for one test. */
export async function startProxy(port: number): Promise<TestProxy> {
  const open = new Map<Socket, { isSilent: boolean }>();
  let target = port;
  let isRefusing = false;
  let accepted = 0;
  const proxy = createServer((client) => {
    client.on('error', () => undefined);
    if (isRefusing) return void client.resetAndDestroy();
    accepted += 1;
    const state = { isSilent: false };
    open.set(client, state);
    const server = connect(target, '127.0.0.1');
    const destroy = (): void => {
      open.delete(client);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', destroy).on('close', destroy);
    client.on('data', (chunk) => state.isSilent || server.write(chunk));
    server.on('data', (chunk) => state.isSilent || client.write(chunk));
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.close();
    for (const client of open.keys()) client.destroy();
  });
  return {
    port: (proxy.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    get open() {
      return open.size;
    },
    leadTo(next) {
      target = next;
    },
    silence() {
      for (const state of open.values()) state.isSilent = true;
    },
    refuse() {
      isRefusing = true;
      for (const client of open.keys()) client.resetAndDestroy();
    },
    accept() {
      isRefusing = false;
    },
  };
}
