import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRedisOutbox, type DurableOutbox } from '../../../src/outbox/redis/index.js';
import { idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING, UNDELIVERED } from '../contract.js';
import { hasRedisServer, startRedis } from './server.js';

/** A limit for what hangs: how long it takes depends on the machine. */
const LIMIT_MS = 60_000;

const many = (count: number, first = 0) => Array.from({ length: count }, (_, index) => trackEntry(`${first + index}`));

async function reasonOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable('it was to fail'),
    (error: Error) => error,
  );
}

// Each test starts its own server and leaves shared ones alone.
describe.skipIf(!hasRedisServer)('the redis outbox, when the server', () => {
  it('wants a password, says so', async () => {
    const server = await startRedis('--requirepass', 'correct horse');
    const outbox = createRedisOutbox({ client: server.connect() });
    await expect(outbox.append(many(1))).rejects.toThrow(/requires a password: give the client one/);
  });

  it('refuses the password, says so without it', async () => {
    const server = await startRedis('--requirepass', 'correct horse');
    const outbox = createRedisOutbox({ client: server.connect({ password: 'wrong battery' }) });
    const error = await reasonOf(outbox.append(many(1)));
    expect(error.message).toMatch(/password/);
    expect(inspect(error, { depth: 9 })).not.toContain('battery');
  });

  it('forbids the commands, names the rule that allows them', async () => {
    const server = await startRedis();
    const admin = server.connect();
    await admin.acl('SETUSER', 'app', 'on', '>secret', '+ping', '+info');
    const outbox = createRedisOutbox({ client: server.connect({ username: 'app', password: 'secret' }) });
    const { message } = await reasonOf(outbox.append(many(1)));
    const [, , ...rules] = /ACL SETUSER <user> (.*)\.$/.exec(message)![0].slice(0, -1).split(' ');
    await admin.acl('SETUSER', 'app', ...rules.slice(1));
    await outbox.append(many(2));
    const [first, second] = await outbox.claim(EVERYTHING);
    await outbox.release([first!], 0);
    await outbox.deadLetter([second!], UNDELIVERED);
    await outbox.deadLetters.replay(['1']);
    await outbox.ack(await outbox.claim(EVERYTHING));
    expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
  });

  it('is out of memory for a moment, appends once it has some, and goes on handing out', async () => {
    const server = await startRedis();
    const admin = server.connect();
    const outbox = createRedisOutbox({ client: server.connect() });
    await outbox.append(many(100));
    await admin.config('SET', 'maxmemory', '1mb');
    await admin.config('RESETSTAT');
    const append = outbox.append(many(100, 100));
    await vi.waitUntil(async () => (await admin.info('errorstats')).includes('OOM'), LIMIT_MS);
    expect(await outbox.stats()).toMatchObject({ waiting: 100, claimed: 0 });
    const claimed = await outbox.claim({ ...EVERYTHING, maxEntries: 50 });
    await outbox.ack(claimed.slice(0, 20));
    await outbox.deadLetter(claimed.slice(20, 40), UNDELIVERED);
    await outbox.release(claimed.slice(40, 45), 0);
    await outbox.release(claimed.slice(45), 60_000);
    expect(await outbox.stats()).toMatchObject({ waiting: 60, claimed: 0 });
    expect(await outbox.deadLetters.count()).toBe(20);
    await admin.config('SET', 'maxmemory', '0');
    expect((await append).duplicates).toEqual([]);
  });

  it('is a read-only replica for a moment, appends once it is the primary', async () => {
    const server = await startRedis();
    const admin = server.connect();
    const outbox = createRedisOutbox({ client: server.connect() });
    await outbox.append(many(1));
    await admin.call('REPLICAOF', '127.0.0.1', '1');
    await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/read-only replica: .* connect to the primary/);
    await admin.config('RESETSTAT');
    const append = outbox.append(many(1, 1));
    await vi.waitUntil(async () => (await admin.info('errorstats')).includes('READONLY'), LIMIT_MS);
    await admin.call('REPLICAOF', 'NO', 'ONE');
    await append;
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['0', '1']);
  });

  it('forgets the scripts, sends them again', async () => {
    const server = await startRedis();
    const outbox = createRedisOutbox({ client: server.connect() });
    await outbox.append(many(1));
    await server.connect().script('FLUSH');
    await outbox.append(many(1, 1));
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['0', '1']);
  });

  it('is too old, says which version is needed, and keeps what it has', async () => {
    const server = await startRedis('--rename-command', 'XAUTOCLAIM', '""');
    const outbox = createRedisOutbox({ client: server.connect() });
    await outbox.append(many(2));
    await outbox.release(await outbox.claim({ ...EVERYTHING, maxEntries: 1 }), 0);
    await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/needs Redis 6.2 or later/);
    expect(await outbox.stats()).toMatchObject({ waiting: 2, claimed: 0 });
  });

  it('refuses an append, shows nothing of the events in the error', async () => {
    const server = await startRedis();
    await server.connect().set('{test-refused}:stream', 'of another kind');
    const node = createClient({ url: server.url });
    await node.connect();
    onTestFinished(() => node.destroy());
    for (const client of [server.connect(), node]) {
      const entry = trackEntry('a', { userId: 'u1', email: 'ada@example.org' });
      const error = await reasonOf(createRedisOutbox({ client, name: 'test-refused' }).append([entry]));
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/ada@|u1|purchase/);
    }
  });
});

describe('the redis outbox, when the client', () => {
  const closed: [string, () => Promise<DurableOutbox>][] = [
    [
      'of ioredis was closed',
      async () => {
        const client = new Redis({ lazyConnect: true });
        client.disconnect();
        return createRedisOutbox({ client });
      },
    ],
    ['of redis was never connected', async () => createRedisOutbox({ client: createClient() })],
  ];

  it.each(closed)('%s, says so at once', async (_, open) => {
    const outbox = await open();
    await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/client is not connected: connect it first/);
  });

  it('reaches no server, says so', async () => {
    const client = new Redis({ port: 1, maxRetriesPerRequest: 0, retryStrategy: () => 5 });
    client.on('error', () => undefined);
    onTestFinished(() => client.disconnect());
    const outbox = createRedisOutbox({ client });
    await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/connection to Redis failed: check that the server is up/);
  });
});
