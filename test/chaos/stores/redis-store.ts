import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findProgram, freePort } from '../../support/services/own-server.js';
import { checkRedis } from '../../support/services/redis.js';
import type { StoreFault } from '../plan/store-plan.js';
import { OwnProcess } from './own-process.js';
import type { ChaosStore } from './store.js';

const AGAIN_MS = 300;

/** Starts a Redis that syncs each write, so that a kill loses nothing; `undefined` if Redis is not installed. */
export async function createRedisStore(): Promise<ChaosStore | undefined> {
  const program = await findProgram('redis-server');
  if (program === undefined) return undefined;
  const [directory, port] = await Promise.all([mkdtemp(join(tmpdir(), 'ours-ingest-chaos-')), freePort()]);
  const url = `redis://127.0.0.1:${port}`;
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
  const server = new OwnProcess({
    program,
    args: [...settings, '--appendonly', 'yes', '--appendfsync', 'always'],
    cwd: directory,
    account: undefined,
    check: () => checkRedis(url),
  });
  await server.start();
  const admin = new Redis(url, { retryStrategy: () => 100, maxRetriesPerRequest: null });
  admin.on('error', () => undefined);

  /** Changes a setting for a while. */
  const set = async (name: string, value: string, usual: string, ms: number): Promise<void> => {
    await admin.config('SET', name, value);
    await sleep(ms);
    await admin.config('SET', name, usual);
  };
  const killClients = (): Promise<unknown> => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

  const faults: Partial<Record<StoreFault, (ms: number) => Promise<void>>> = {
    restart: (ms) => server.restart('SIGTERM', ms),
    kill: (ms) => server.restart('SIGKILL', ms),
    freeze: (ms) => server.freeze(ms),
    async clientsKilled(ms) {
      for (const endsAt = performance.now() + ms; performance.now() < endsAt; await sleep(AGAIN_MS))
        await killClients();
    },
    async paused(ms) {
      await admin.call('CLIENT', 'PAUSE', String(ms), 'ALL');
      await sleep(ms);
    },
    // A replica of an unreachable master keeps its data and refuses writes.
    async readOnly(ms) {
      await admin.replicaof('127.0.0.1', 1);
      await sleep(ms);
      await admin.replicaof('NO', 'ONE');
    },
    outOfMemory: (ms) => set('maxmemory', '1', '0', ms),
    async tooManyClients(ms) {
      const restored = set('maxclients', '2', '10000', ms);
      await killClients();
      await restored;
    },
  };

  return {
    place: { kind: 'redis', url },
    port,
    suffer: async (fault, ms) => faults[fault]?.(ms),
    async remove() {
      admin.disconnect();
      await server.end('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
