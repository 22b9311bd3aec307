import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Cutter {
  readonly port: number;
  /** How many connections it has cut. */
  readonly cuts: number;
  /** From now on it leaves them alone. */
  calm(): void;
  close(): void;
}

/**
 * A way to a server that cuts connections as chance will have it: before a request is passed on, after it is, or after a
 * part of it, or in place of the answer.
 */
export async function cutConnections(port: number, chance: number): Promise<Cutter> {
  const open = new Set<Socket>();
  let cuts = 0;
  let isCalm = false;
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    const destroy = (): void => {
      for (const socket of [client, server]) {
        socket.destroy();
        open.delete(socket);
      }
    };
    for (const socket of [client, server]) {
      open.add(socket);
      socket.on('error', destroy).on('close', destroy);
    }
    const pass = (to: Socket) => (chunk: Buffer) => {
      if (isCalm || Math.random() >= chance) return to.write(chunk);
      cuts += 1;
      const kept = [0, Math.floor(Math.random() * chunk.length), chunk.length][Math.floor(Math.random() * 3)]!;
      // Ending the way to the server lets it read, and do, what was passed on.
      if (to === server) server.end(chunk.subarray(0, kept), () => client.destroy());
      else destroy();
    };
    client.on('data', pass(server));
    server.on('data', pass(client));
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    get cuts() {
      return cuts;
    },
    calm() {
      isCalm = true;
    },
    close() {
      proxy.close();
      for (const socket of open) socket.destroy();
    },
  };
}
