import { describe, expect, it } from 'vitest';
import { createMemoryOutbox } from '../../src/outbox/memory.js';
import type { DurableOutbox, Outbox } from '../../src/outbox/outbox.js';
import { createSqliteOutbox } from '../../src/outbox/sqlite/index.js';
import { loadSqlite } from '../../src/sqlite/load-sqlite.js';
import { type CreateOutbox, createFakeClock, outboxContract } from '../../src/testing/index.js';

const memory: CreateOutbox = ({ now }) => createMemoryOutbox({ monotonic: now });
const sqlite: CreateOutbox = ({ now }) => createSqliteOutbox({ database: new (loadSqlite())(':memory:'), now });

/** Its own, with one duty done wrong. */
function broken(change: (outbox: Outbox) => Partial<Outbox>): CreateOutbox {
  return async (setup) => {
    const outbox = await memory(setup);
    const own = Object.fromEntries(
      (['append', 'claim', 'ack', 'release', 'deadLetter', 'stats', 'close'] as const).map((name) => [
        name,
        (outbox[name] as () => unknown).bind(outbox),
      ]),
    );
    return { durable: false, ...own, ...change(outbox) } as Outbox;
  };
}

/** The duties it fails in. */
async function failures(create: CreateOutbox): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of outboxContract) await run(create).catch(() => failed.push(name));
  return failed;
}

describe.each([
  ['in memory', memory],
  ['in SQLite', sqlite],
])('the outbox %s, by the contract for others:', (_, create) => {
  it.each(outboxContract)('$name', ({ run }) => run(create));
});

describe('the contract for other outboxes', () => {
  it.each<[string, (outbox: Outbox) => Partial<Outbox>, RegExp]>([
    ['forgets to settle', () => ({ ack: async () => undefined }), /never hands out again/],
    ['ends no lease', (it) => ({ claim: (asked) => it.claim({ ...asked, leaseMs: 1e9 }) }), /left behind/],
    ['knows no delay', (it) => ({ release: (entries) => it.release(entries, 0) }), /released with a delay/],
    ['overfills a claim', (it) => ({ claim: (asked) => it.claim({ ...asked, maxBytes: 1e9 }) }), /no more bytes/],
    ['takes the newest first', (it) => ({ append: (all) => it.append([...all].reverse()) }), /in order and unchanged/],
    ['miscounts', (it) => ({ stats: async () => ({ ...(await it.stats()), bytes: 0 }) }), /counts what waits/],
    [
      'loses the names',
      (it) => ({ append: (all) => it.append(all.map((entry) => ({ ...entry, externalId: undefined }))) }),
      /each of their three names/,
    ],
    ['says it is durable and keeps nothing', () => ({ durable: true }) as Partial<Outbox>, /an id once/],
  ])('finds one that %s', async (_, change, duty) => {
    expect(await failures(broken(change))).toContainEqual(expect.stringMatching(duty));
  });

  it.each<[string, Partial<DurableOutbox>]>([
    ['nobody', { forget: async () => ({ entries: 0, claimed: 0, deadLetters: 0, unreadable: 0 }) }],
    ['nobody, and says it has', { forget: async () => ({ entries: 3, claimed: 1, deadLetters: 1, unreadable: 0 }) }],
  ])('finds a durable one that forgets %s', async (_, change) => {
    const forgetful: CreateOutbox = async (setup) => Object.assign(await sqlite(setup), change);
    expect(await failures(forgetful)).toEqual([expect.stringContaining('forgets what it holds of one person')]);
  });

  it('says what was expected and what came', async () => {
    const [first] = outboxContract;
    const forgetful = broken(() => ({ claim: async () => [] }));
    await expect(first!.run(forgetful)).rejects.toThrow('expected ["a","b","c"]; got []');
  });
});

describe('the fake clock', () => {
  it('stands still until it is advanced, and never goes back', () => {
    const { now, advance } = createFakeClock({ start: 5 });
    expect(now()).toBe(5);
    advance(10);
    expect(now()).toBe(15);
    expect(() => advance(-1)).toThrow(RangeError);
    expect(() => advance(Number.NaN)).toThrow('got NaN');
  });
});
