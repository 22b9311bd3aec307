import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { relay } from '../../src/cli/relay.js';
import { type Collector, createCollector } from '../../src/collector/index.js';
import type { DurableOutbox } from '../../src/outbox/outbox.js';
import { createPostgresOutbox } from '../../src/outbox/postgres/index.js';
import { createRedisOutbox } from '../../src/outbox/redis/index.js';
import { hasRedisServer, startRedis } from '../outbox/redis/server.js';
import { until } from '../support/client.js';
import { type SilentProxy, silentProxy } from '../support/silent-proxy.js';
import { testContext } from './context.js';
import { freshEntries } from './outbox-file.js';
import { runChild } from './running.js';

/** A server, a proxy to it that can hang, and an outbox that does not use the proxy. */
interface Place {
  readonly proxy: SilentProxy;
  readonly args: readonly string[];
  readonly direct: DurableOutbox;
}

async function postgresPlace(): Promise<Place> {
  const url = new URL(process.env.POSTGRES_URL!);
  const proxy = await silentProxy(Number(url.port || 5432));
  const table = `ours_relay_${randomUUID().slice(-12)}`;
  const pool = new pg.Pool({ connectionString: url.href });
  const direct = createPostgresOutbox({ client: pool, table });
  await direct.ensureSchema();
  onTestFinished(async () => {
    for (const ending of ['', '_identifies', '_dead_letters', '_version'])
      await pool.query(`DROP TABLE ${table}${ending}`);
    await pool.query(`DROP FUNCTION ${table}_claim`);
    await pool.end();
  });
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  return { proxy, direct, args: ['--postgres', url.href, '--table', table] };
}

async function redisPlace(): Promise<Place> {
  const server = await startRedis();
  const proxy = await silentProxy(server.port);
  const direct = createRedisOutbox({ client: server.connect() });
  return { proxy, direct, args: ['--redis', `redis://127.0.0.1:${proxy.port}`] };
}

async function openCollector(): Promise<Collector> {
  const collector = await createCollector();
  onTestFinished(() => collector.close());
  return collector;
}

/** A relay in this process until the test ends, and the address of its health. */
async function startRelay(collector: Collector, args: readonly string[]): Promise<string> {
  const stop = new AbortController();
  const context = testContext({
    stop: stop.signal,
    env: { OURS_TOKEN: 'test_shop', OURS_BASE_URL: collector.baseUrl },
  });
  const ended = relay.run([...args, '--port', '0', '--grace', '0'], context);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  await context.lines(2);
  return /: (http:\S+) and/.exec(context.printed[1]!)![1]!;
}

async function untilHealth(url: string, status: number, reason = ''): Promise<unknown> {
  for (;;) {
    const response = await fetch(url);
    const body = (await response.json()) as { reason?: string };
    if (response.status === status && (body.reason ?? '').includes(reason)) return body;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const places: [string, boolean, () => Promise<Place>][] = [
  ['PostgreSQL', process.env.POSTGRES_URL !== undefined, postgresPlace],
  ['Redis', hasRedisServer, redisPlace],
];

// The relay's timeouts take seconds. They are not measured: the tests only check that each wait ends.
describe.each(places.filter(([, isThere]) => isThere))(
  'ours-ingest relay on %s',
  { timeout: 300_000 },
  (_, __, open) => {
    it('uses new connections when its connections hang', async () => {
      const { proxy, args, direct } = await open();
      const collector = await openCollector();
      await startRelay(collector, args);
      await direct.append(freshEntries(1, 'before'));
      await until(() => collector.events().length === 1);
      proxy.silence();
      await direct.append(freshEntries(1, 'during'));
      await until(() => collector.events().length === 2);
    });

    it('reports on /healthz that it cannot reach the outbox, and recovers', async () => {
      const { proxy, args, direct } = await open();
      const collector = await openCollector();
      const health = await startRelay(collector, args);
      await untilHealth(health, 200);
      proxy.blackHole();
      expect(await untilHealth(health, 503)).toMatchObject({
        status: 'unavailable',
        reason: expect.stringMatching(/^the (outbox does not answer|relay cannot work on the outbox): ./),
      });
      await direct.append(freshEntries(1));
      proxy.restore();
      await until(() => collector.events().length === 1);
      await untilHealth(health, 200);
    });

    it('ends when it is stopped, even if the outbox does not answer', async () => {
      const { proxy, args } = await open();
      const collector = await openCollector();
      const env = { OURS_TOKEN: 'test_shop', OURS_BASE_URL: collector.baseUrl, ...process.env } as Record<
        string,
        string
      >;
      const running = runChild(['relay', ...args, '--grace', '1'], env);
      await until(() => running.stdout().includes('Delivering from'));
      proxy.blackHole();
      running.process.kill('SIGTERM');
      expect(await running.end).toBe(0);
      expect(running.stdout()).toMatch(/0 delivered.*the outbox does not answer how many are left\.\n$/);
    });
  },
);

describe.skipIf(!hasRedisServer)('ours-ingest relay on a Redis that was demoted', { timeout: 300_000 }, () => {
  it('is not healthy while the outbox is read-only, and continues when it is the primary again', async () => {
    const server = await startRedis();
    const admin = server.connect();
    const collector = await openCollector();
    const health = await startRelay(collector, ['--redis', server.url]);
    await createRedisOutbox({ client: server.connect() }).append(freshEntries(1));
    await until(() => collector.events().length === 1);
    await admin.call('REPLICAOF', '127.0.0.1', '1');
    // The change of roles may cause other errors first.
    await untilHealth(health, 503, 'read-only replica');
    await admin.call('REPLICAOF', 'NO', 'ONE');
    await untilHealth(health, 200);
  });
});
