import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createCollector } from '../../src/collector/index.js';
import { createPostgresExposures } from '../../src/exposures/postgres.js';
import { type BundledProgram, bundleProgram } from '../support/bundle.js';
import { startProgram } from '../support/child.js';

const PROCESSES = 20;

let program: BundledProgram;
beforeAll(async () => {
  program = await bundleProgram(new URL('children/assigns.ts', import.meta.url));
});
afterAll(() => program.remove());

/** Runs the fleet against a collector and returns how many impressions it recorded. */
async function impressionsOf(env: Record<string, string>): Promise<number> {
  const collector = await createCollector({
    goal: 'purchase',
    experiments: [{ key: 'checkout', variants: [{ name: 'classic' }, { name: 'one_page' }] }],
  });
  onTestFinished(() => collector.close());
  const children = Array.from({ length: PROCESSES }, () => startProgram([program.path], collector.baseUrl, env));
  const ends = await Promise.all(children.map(({ end }) => end));
  const said = ends.map(({ stdout, stderr }) => stdout + stderr);
  expect(new Set(said).size, said.join()).toBe(1);
  expect(JSON.parse(said[0] ?? '')).toMatchObject({ reason: 'assigned' });
  return collector.events().filter(({ event }) => event === '$experiment_impression').length;
}

describe('20 processes record one impression of a visitor in a session', () => {
  it.runIf(process.env.REDIS_URL !== undefined)('through Redis', async () => {
    const name = `test-${randomUUID()}`;
    const redis = new Redis(process.env.REDIS_URL!);
    onTestFinished(async () => {
      const keys = await redis.keys(`${name}:*`);
      if (keys.length > 0) await redis.del(keys);
      redis.disconnect();
    });
    expect(await impressionsOf({ STORE: 'redis', PLACE: process.env.REDIS_URL!, NAME: name })).toBe(1);
  });

  it.runIf(process.env.POSTGRES_URL !== undefined)('through PostgreSQL', async () => {
    const table = `exposures_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
    const client = new pg.Pool({ connectionString: process.env.POSTGRES_URL });
    await createPostgresExposures({ client, table }).ensureSchema();
    onTestFinished(async () => {
      await client.query(`DROP TABLE ${table}`);
      await client.end();
    });
    expect(await impressionsOf({ STORE: 'postgres', PLACE: process.env.POSTGRES_URL!, NAME: table })).toBe(1);
  });

  it('through an SQLite file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ours-fleet-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    expect(await impressionsOf({ STORE: 'sqlite', PLACE: join(folder, 'exposures.db') })).toBe(1);
  });
});
