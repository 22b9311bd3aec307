import { describe, expect, it } from 'vitest';
import { isOursError } from '../../../src/core/errors.js';
import { createPostgresExposures } from '../../../src/exposures/postgres.js';
import { createRedisExposures } from '../../../src/exposures/redis.js';
import { createSqliteExposures } from '../../../src/exposures/sqlite.js';
import type { DurableOutbox } from '../../../src/outbox/outbox.js';
import { createPostgresOutbox } from '../../../src/outbox/postgres/index.js';
import { createRedisOutbox, type RedisLike } from '../../../src/outbox/redis/index.js';
import { createSqliteOutbox } from '../../../src/outbox/sqlite/index.js';
import { trackEntry } from '../../support/entries.js';
import { EVERYTHING } from '../contract.js';

/** A PostgreSQL client whose server refuses everything: nothing that trying again would help. */
const refusingSql = {
  query: () => Promise.reject(Object.assign(new Error('permission denied, ada@example.org'), { code: '42501' })),
};
const refusingRedis = {
  call: () => Promise.reject(new Error('NOPERM this user has no permissions')),
  status: 'ready',
} as unknown as RedisLike;
const NOWHERE = '/nowhere/that/exists/events.db';

const outboxes: [string, () => DurableOutbox, string | undefined][] = [
  ['PostgreSQL', () => createPostgresOutbox({ client: refusingSql }), '42501'],
  ['Redis', () => createRedisOutbox({ client: refusingRedis }), undefined],
  ['SQLite', () => createSqliteOutbox({ file: NOWHERE }), 'SQLITE_CANTOPEN'],
];

describe.each(outboxes)('an error of %s', (_, create, engineCode) => {
  it.each<[string, (outbox: DurableOutbox) => Promise<unknown>]>([
    ['append', (outbox) => outbox.append([trackEntry('1')])],
    ['claim', (outbox) => outbox.claim(EVERYTHING)],
    ['stats', (outbox) => outbox.stats()],
    ['oldest', (outbox) => outbox.oldest()],
    ['mark', (outbox) => outbox.mark()],
    ['lookUp', (outbox) => outbox.lookUp(['1'])],
    ['deadLetters.count', ({ deadLetters }) => deadLetters.count()],
    ['deadLetters.list', ({ deadLetters }) => deadLetters.list({ limit: 1 })],
    ['deadLetters.get', ({ deadLetters }) => deadLetters.get('1')],
    ['deadLetters.replay', ({ deadLetters }) => deadLetters.replay(['1'])],
    ['deadLetters.discard', ({ deadLetters }) => deadLetters.discard(['1'])],
  ])('has one of our codes, and the engine’s own code: %s', async (_call, call) => {
    const error = await call(create()).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(isOursError(error)).toBe(true);
    expect(error).toMatchObject({ code: 'store_failed', retryable: true, engineCode });
    expect(String(error)).not.toContain('ada@');
  });
});

describe('an error of a store', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['of the tables of an outbox', () => createPostgresOutbox({ client: refusingSql }).ensureSchema()],
    [
      'within a transaction',
      async () => {
        const tx = { query: refusingSql.query };
        await createPostgresOutbox({ client: refusingSql }).within(tx)([trackEntry('1')]);
      },
    ],
    ['of the table of exposures', () => createPostgresExposures({ client: refusingSql }).ensureSchema()],
    [
      'of exposures in PostgreSQL',
      () => Promise.resolve(createPostgresExposures({ client: refusingSql }).claim('k', 1)),
    ],
    ['of exposures in Redis', () => Promise.resolve(createRedisExposures({ client: refusingRedis }).claim('k', 1))],
    [
      'of exposures in Redis, whose client is not connected',
      () => {
        const client = { ...refusingRedis, status: 'end' } as unknown as RedisLike;
        return Promise.resolve(createRedisExposures({ client }).claim('k', 1));
      },
    ],
    ['of exposures in SQLite', () => Promise.resolve(createSqliteExposures({ file: NOWHERE }).claim('k', 1))],
  ])('has one of our codes: %s', async (_, call) => {
    const error = await call().catch((reason: unknown) => reason);
    expect(isOursError(error)).toBe(true);
    expect(error).toMatchObject({ code: 'store_failed', retryable: true });
  });
});
