import { Redis } from 'ioredis';
import { findProgram, type OwnServer, startOwnServer } from './own-server.js';

export const USUAL_REDIS = 'redis://127.0.0.1:6379';

/** Rejects unless a Redis answers at `url`. */
export async function checkRedis(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, connectTimeout: 2_000, retryStrategy: () => null });
  // What `connect` rejects with does not say why.
  let reason: unknown;
  client.on('error', (error) => {
    reason = error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw reason ?? error;
  } finally {
    client.disconnect();
  }
}

/** A Redis of the tests' own, or `undefined` where none is installed. */
export async function startRedis(): Promise<OwnServer | undefined> {
  const program = await findProgram('redis-server');
  if (program === undefined) return undefined;
  return startOwnServer({
    program,
    endSignal: 'SIGTERM',
    args: (directory, port) => ['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--save', ''],
    urlOf: (port) => `redis://127.0.0.1:${port}`,
    check: checkRedis,
  });
}
