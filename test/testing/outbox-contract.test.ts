import { describe, expect, it } from 'vitest';
import { createMemoryOutbox } from '../../src/outbox/memory.js';
import type { DurableOutbox, Outbox } from '../../src/outbox/outbox.js';
import { createSqliteOutbox } from '../../src/outbox/sqlite/index.js';
import { loadSqlite } from '../../src/sqlite/load-sqlite.js';
import { type CreateOutbox, createFakeClock, outboxContract } from '../../src/testing/index.js';

const memory: CreateOutbox = ({ now }) => createMemoryOutbox({ monotonic: now });
const sqlite: CreateOutbox = ({ now }) => createSqliteOutbox({ database: new (loadSqlite())(':memory:'), now });

/** A memory outbox that fails in one duty. */
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

/** The duties in which an outbox fails. */
async function failures(create: CreateOutbox): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of outboxContract) await run(create).catch(() => failed.push(name));
  return failed;
}

describe('the outbox contract', () => {
  it.each<[string, (outbox: Outbox) => Partial<Outbox>, RegExp]>([
    ['does not settle', () => ({ ack: async () => undefined }), /never returns settled/],
    ['expires no lease', (it) => ({ claim: (asked) => it.claim({ ...asked, leaseMs: 1e9 }) }), /dead claimer/],
    ['ignores delays', (it) => ({ release: (entries) => it.release(entries, 0) }), /released with a delay/],
    ['overfills a claim', (it) => ({ claim: (asked) => it.claim({ ...asked, maxBytes: 1e9 }) }), /no more bytes/],
    ['reverses the order', (it) => ({ append: (all) => it.append([...all].reverse()) }), /in order and unchanged/],
    ['miscounts', (it) => ({ stats: async () => ({ ...(await it.stats()), bytes: 0 }) }), /counts waiting/],
    [
      'drops an identifier',
      (it) => ({ append: (all) => it.append(all.map((entry) => ({ ...entry, externalId: undefined }))) }),
      /three identifiers/,
    ],
    ['claims to be durable and is not', () => ({ durable: true }) as Partial<Outbox>, /an id once/],
  ])('finds one that %s', async (_, change, duty) => {
    expect(await failures(broken(change))).toContainEqual(expect.stringMatching(duty));
  });

  it.each<[string, Partial<DurableOutbox>]>([
    ['no one', { forget: async () => ({ entries: 0, claimed: 0, deadLetters: 0, unreadable: 0 }) }],
    [
      'no one but reports that it did',
      { forget: async () => ({ entries: 5, claimed: 1, deadLetters: 1, unreadable: 0 }) },
    ],
  ])('finds a durable one that forgets %s', async (_, change) => {
    const forgetful: CreateOutbox = async (setup) => Object.assign(await sqlite(setup), change);
    expect(await failures(forgetful)).toEqual([
      expect.stringContaining('forgets the entries and dead letters of one person'),
    ]);
  });

  it('reports the expected and the actual value', async () => {
    const first = outboxContract.find(({ name }) => name.includes('in order'));
    const forgetful = broken(() => ({ claim: async () => [] }));
    await expect(first!.run(forgetful)).rejects.toThrow('expected ["a","b","c"]; got []');
  });
});

describe('the fake clock', () => {
  it('moves only when advanced, and never back', () => {
    const { now, advance } = createFakeClock({ start: 5 });
    expect(now()).toBe(5);
    advance(10);
    expect(now()).toBe(15);
    expect(() => advance(-1)).toThrow(RangeError);
    expect(() => advance(Number.NaN)).toThrow('got NaN');
  });
});
