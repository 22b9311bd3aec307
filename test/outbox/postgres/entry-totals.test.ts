import { afterAll, describe, expect, it, vi } from 'vitest';
import { Database } from '../../../src/outbox/postgres/database.js';
import { readStats, type StatsLimits } from '../../../src/outbox/postgres/entry-totals.js';
import { createPostgresOutbox } from '../../../src/outbox/postgres/index.js';
import { namesOf } from '../../../src/outbox/postgres/names.js';
import { statementsFor } from '../../../src/outbox/postgres/statements.js';
import { trackEntry } from '../../support/entries.js';
import { EVERYTHING } from '../contract.js';
import { embedded } from './stores.js';

vi.setConfig({ testTimeout: 120_000 });

const { client, end } = embedded();
afterAll(end);
let tables = 0;

/** An outbox with `total` entries of about 600 bytes, in many pages, of which the first five are claimed. */
async function queueOf(total: number) {
  tables += 1;
  const table = `long_${tables}`;
  const outbox = createPostgresOutbox({ client, table });
  await outbox.ensureSchema();
  const padding = 'x'.repeat(400);
  await outbox.append(Array.from({ length: total }, (_, at) => trackEntry(`${table}:${at}:${padding}`)));
  await outbox.claim({ ...EVERYTHING, maxEntries: 5 });
  const names = namesOf(table);
  const database = new Database(client, names);
  const stats = (limits?: StatsLimits) => readStats(database, statementsFor(names), null, limits);
  return { table, outbox, stats, exact: await stats({ counted: total + 1, countedPages: 0, sampledPages: 1 }) };
}

describe('the totals of a PostgreSQL outbox', () => {
  it('are counted up to the limit, and estimated above it', async () => {
    const { outbox, stats, exact } = await queueOf(2_000);
    expect(exact).toMatchObject({ waiting: 1_995, claimed: 5 });
    expect(await outbox.stats()).toEqual(exact);

    const estimated = await stats({ counted: 50, countedPages: 0, sampledPages: 100 });
    expect(estimated).toMatchObject({ claimed: 5, isEstimated: true });
    // The sample is the same each time: this is no matter of chance.
    expect(await stats({ counted: 50, countedPages: 0, sampledPages: 100 })).toEqual(estimated);
    for (const [name, total] of [
      ['waiting', exact.waiting],
      ['bytes', exact.bytes],
    ] as const) {
      expect(Math.abs(estimated[name] / total - 1)).toBeLessThan(0.25);
    }
  });

  it('are counted in a small table, however many they are', async () => {
    const { stats, exact } = await queueOf(500);
    expect(await stats({ counted: 50, countedPages: 100_000, sampledPages: 1 })).toEqual(exact);
  });

  it('are those of an empty table', async () => {
    const { stats } = await queueOf(0);
    expect(await stats({ counted: 1, countedPages: 0, sampledPages: 1 })).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
  });

  it('read few pages of a long queue, as claims do, before and after the table is analysed', async () => {
    const { table } = await queueOf(3_000);
    const names = namesOf(table);
    const { countHead, sample, claim, oldest } = statementsFor(names);
    const pagesOf = async (text: string, values: (string | null)[]): Promise<number> => {
      const { rows } = await client.query<{ 'QUERY PLAN': readonly { readonly Plan: Record<string, number> }[] }>(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`,
        values,
      );
      const { 'Shared Hit Blocks': hit = 0, 'Shared Read Blocks': read = 0 } = rows[0]!['QUERY PLAN'][0]!.Plan;
      return hit + read;
    };
    const size = await client.query<{ pages: number }>(
      `SELECT (pg_relation_size('${names.entries}') / 8192)::int AS pages`,
    );
    const few = size.rows[0]!.pages / 4;
    expect(few).toBeGreaterThan(60);
    for (const statistics of ['none', 'analysed']) {
      if (statistics === 'analysed') await client.query(`ANALYZE ${names.entries}`);
      const token = '00000000-0000-4000-8000-00000000000';
      const claimed = ['10', '100000', '60000', `${token}${statistics === 'none' ? 1 : 2}`, null, '[]'];
      expect(await pagesOf(claim, claimed)).toBeLessThan(few * 2);
      expect(await pagesOf(oldest, [])).toBeLessThan(few);
      expect(await pagesOf(countHead, [null, '20'])).toBeLessThan(few);
      expect(await pagesOf(sample, [null, '20', '2'])).toBeLessThan(few);
    }
  });
});
