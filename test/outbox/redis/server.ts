import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';

/** Whether tests can start Redis servers on this machine. */
export const hasRedisServer: boolean = spawnSync('redis-server', ['--version']).status === 0;

export interface PrivateRedis {
  readonly port: number;
  readonly url: string;
  /** A client that ends with the test; what its connection complains about is left to its commands. */
  connect(credentials?: { readonly username?: string; readonly password?: string }): Redis;
}

/** A Redis server for one test, gone when it ends. */
export async function startRedis(...settings: string[]): Promise<PrivateRedis> {
  const [port, directory] = await Promise.all([freePort(), mkdtemp(join(tmpdir(), 'ours-redis-'))]);
  const required = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
  const server = spawn('redis-server', [...required, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    server.kill('SIGKILL');
    await once(server, 'close');
    await rm(directory, { recursive: true });
  });
  await isReady(server);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    connect(credentials = {}) {
      const client = new Redis({ port, retryStrategy: () => 10, ...credentials });
      client.on('error', () => undefined);
      onTestFinished(() => client.disconnect());
      return client;
    },
  };
}

async function isReady(server: ChildProcess): Promise<void> {
  let said = '';
  for await (const chunk of server.stdout!) {
    said += chunk;
    if (said.includes('Ready to accept connections')) break;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
