import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UsageError } from '../../src/cli/command.js';
import type { OpenOutbox } from '../../src/cli/open-outbox.js';
import { type OutboxValues, openOutbox } from '../../src/cli/outbox-option.js';
import { idsOf } from '../support/entries.js';
import { EVERYTHING, freshEntries } from './outbox-file.js';

const { REDIS_URL = '', POSTGRES_URL = '' } = process.env;

async function open(...[values, env, options]: Parameters<typeof openOutbox>): Promise<OpenOutbox> {
  const opened = await openOutbox(values, env, options);
  onTestFinished(() => opened.close());
  return opened;
}

/** The same store with a password in its URL. */
function withPassword(url: string, user: string, path?: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = 'hunter2';
  if (path !== undefined) changed.pathname = path;
  return changed.href;
}

async function messageFrom(values: OutboxValues): Promise<string> {
  const error = await openOutbox(values, {}).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return (error as Error).message;
}

describe('the outbox of a command', () => {
  it.each<[string, OutboxValues, string]>([
    ['no URL', { redis: 'hunter2' }, '--redis must be a URL such as redis://'],
    ['a URL of something else', { redis: 'http://x:hunter2@h' }, '--redis must be a URL'],
    ['an invalid port', { postgres: 'postgres://x:hunter2#1@h/db' }, '%40'],
    ['a password with a slash', { postgres: 'postgres://x:1/hunter2@h/db' }, '%2F'],
    ['a password with a hash', { redis: 'redis://x:1#hunter2@h' }, '%23'],
    ['no slashes', { redis: 'redis:x:hunter2' }, '--redis must be a URL'],
    ['no slashes before a host', { postgres: 'postgres:x:hunter2@h' }, '--postgres must be a URL'],
    ['one slash too many', { redis: 'redis:///x:hunter2' }, '%3A'],
    ['a password with a question mark', { redis: 'redis://x:1?hunter2@h' }, '%3F'],
  ])('is refused for %s, without the password', async (_, values, message) => {
    const run = openOutbox(values, {});
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(message);
    expect(await messageFrom(values)).not.toContain('hunter2');
  });

  it.each<[string, OutboxValues]>([
    ['Redis', { redis: 'redis://x:hunter2@127.0.0.1:1/0' }],
    ['Postgres', { postgres: 'postgres://x:hunter2@127.0.0.1:1/shop?password=hunter2' }],
  ])('that cannot be reached is named without its password: %s', async (engine, values) => {
    const message = await messageFrom(values);
    expect(message).toMatch(new RegExp(`^${engine} at \\w+://127\\.0\\.0\\.1:1/\\w+ cannot be used: .*ECONNREFUSED`));
    expect(message).not.toContain('hunter2');
  });
});

describe.runIf(REDIS_URL)('the outbox of a command in Redis', () => {
  it('is the one with that name, for every process', async () => {
    const name = `cli-test-${randomUUID()}`;
    const { outbox, describe } = await open({ redis: REDIS_URL, name }, {}, { create: true });
    onTestFinished(async () => {
      const { default: ioredis } = await import('ioredis');
      const client = new ioredis.Redis(REDIS_URL);
      await client.del(await client.keys(`*${name}*`));
      client.disconnect();
    });
    await outbox.append(freshEntries(2));
    const another = await open({ name }, { OURS_OUTBOX_REDIS: REDIS_URL });
    const claimed = await another.outbox.claim(EVERYTHING);
    expect(idsOf(claimed)).toEqual(['e0', 'e1']);
    await another.outbox.ack(claimed);
    expect(describe).toBe(`Redis at ${REDIS_URL} (name ${name})`);
  });

  it('is not created by reading it', async () => {
    const name = `cli-test-${randomUUID()}`;
    const message = await messageFrom({ redis: REDIS_URL, name });
    expect(message).toMatch(/cannot be used: there is no outbox cli-test-.*--name is wrong/);
    const { default: ioredis } = await import('ioredis');
    const client = new ioredis.Redis(REDIS_URL);
    onTestFinished(() => client.disconnect());
    expect(await client.keys(`*${name}*`)).toEqual([]);
  });

  it('names the refused user without the password', async () => {
    const message = await messageFrom({ redis: withPassword(REDIS_URL, 'nobody') });
    expect(message).toMatch(/cannot be used: .*WRONGPASS/);
    expect(message).not.toContain('hunter2');
  });
});

describe.runIf(POSTGRES_URL)('the outbox of a command in Postgres', () => {
  it('is the given table, which it only creates when asked to', async () => {
    const table = `cli_test_${randomUUID().slice(0, 8)}`;
    const values = { postgres: POSTGRES_URL, table };
    await expect(openOutbox(values, {})).rejects.toThrow(/`ours-ingest relay --ensure-schema`/);
    onTestFinished(async () => {
      const { default: pg } = await import('pg');
      const client = new pg.Client({ connectionString: POSTGRES_URL });
      await client.connect();
      const { rows } = await client.query<{ drop: string }>(
        `select format('drop %s if exists %I cascade', case relkind when 'S' then 'sequence' else 'table' end, relname) as drop
           from pg_class where relname like $1 and relkind in ('r', 'S')`,
        [`${table}%`],
      );
      for (const { drop } of rows) await client.query(drop);
      await client.end();
    });
    const made = await open(values, {}, { ensureSchema: true });
    await made.outbox.append(freshEntries(2));
    const another = await open({ table }, { OURS_OUTBOX_POSTGRES: POSTGRES_URL });
    expect(idsOf(await another.outbox.claim(EVERYTHING))).toEqual(['e0', 'e1']);
    expect(made.describe).toMatch(/^Postgres at postgres:\/\/[^@]+ \(table cli_test_/);
  });

  it('names a missing database without the password', async () => {
    const message = await messageFrom({ postgres: withPassword(POSTGRES_URL, 'postgres', '/nowhere') });
    expect(message).toMatch(/\/nowhere cannot be used: the database does not exist/);
    expect(message).not.toContain('hunter2');
  });
});
