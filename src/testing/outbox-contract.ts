import type { Undelivered } from '../core/outcome.js';
import type { ClaimOptions, Outbox } from '../outbox/outbox.js';
import type { Entry } from '../protocol/event.js';
import { createFakeClock } from './fake-clock.js';
import { expectIds, expectSame, identifyEntry, trackEntry } from './outbox-entries.js';

/** Opens a fresh, empty outbox without bounds. Its leases and delays go by `now`, in milliseconds. */
export type CreateOutbox = (setup: { readonly now: () => number }) => Outbox | Promise<Outbox>;

/** One duty of every outbox. */
export interface OutboxCase {
  /** A sentence that begins with the outbox. */
  readonly name: string;
  /** @throws {Error} saying what was expected and what came, when the outbox fails in its duty */
  readonly run: (create: CreateOutbox) => Promise<void>;
}

interface World {
  readonly outbox: Outbox;
  readonly claim: (options?: Partial<ClaimOptions>) => Promise<readonly Entry[]>;
  readonly advance: (ms: number) => void;
}

const LEASE_MS = 10_000;
const UNDELIVERED: Undelivered = { status: 'dropped', reason: 'retries_exhausted' };
const NOTHING = { waiting: 0, claimed: 0, bytes: 0 };
const visitor = { userId: 'u1' };
const tracks = (...ids: readonly string[]): Entry[] => ids.map((id) => trackEntry(id));

/**
 * The duties of an outbox, as {@link Outbox} states them, for authors of other outboxes. Bounds, sealing and what survives a
 * crash are for their own tests.
 *
 * @example
 * for (const { name, run } of outboxContract) it(name, () => run(({ now }) => createMyOutbox({ now })));
 */
export const outboxContract: readonly OutboxCase[] = [
  duty('hands out what was appended, in order and unchanged', async ({ outbox, claim }) => {
    const entries = [trackEntry('a'), trackEntry('b', { externalId: 'c1', email: 'ada@example.org' })];
    expectIds((await outbox.append(entries)).dropped, []);
    await outbox.append(tracks('c'));
    const claimed = await claim();
    expectIds(claimed, ['a', 'b', 'c']);
    for (const [index, entry] of entries.entries()) expectSame(plain(claimed[index]!), plain(entry));
  }),
  duty('hands an entry to one claimer only', async ({ outbox, claim }) => {
    await outbox.append(tracks('a', 'b', 'c'));
    const claims = await Promise.all([claim({ maxEntries: 2 }), claim({ maxEntries: 2 }), claim()]);
    expectSame(claims.flatMap((entries) => entries.map(({ distinctId }) => distinctId)).sort(), ['a', 'b', 'c']);
    expectIds(await claim(), []);
  }),
  duty('hands out no more entries than asked for', async ({ outbox, claim }) => {
    await outbox.append(tracks('a', 'b', 'c'));
    expectIds(await claim({ maxEntries: 2 }), ['a', 'b']);
    expectIds(await claim({ maxEntries: 2 }), ['c']);
  }),
  duty('hands out no more bytes than asked for, one more for each entry, and a larger entry alone', async (world) => {
    const { outbox, claim } = world;
    const entries = tracks('a', 'b', 'c');
    const two = entries[0]!.body.length + entries[1]!.body.length + 2;
    await outbox.append(entries);
    expectIds(await claim({ maxBytes: two - 1 }), ['a']);
    expectIds(await claim({ maxBytes: two }), ['b', 'c']);
    await outbox.append(tracks('d', 'e'));
    expectIds(await claim({ maxBytes: 1 }), ['d']);
  }),
  duty('counts what waits, what is claimed and the bytes of both', async ({ outbox, claim }) => {
    const entries = tracks('a', 'b', 'c');
    const bytes = entries.reduce((sum, { body }) => sum + body.length, 0);
    await outbox.append(entries);
    const [a, b] = await claim({ maxEntries: 2 });
    expectSame(await outbox.stats(), { waiting: 1, claimed: 2, bytes });
    await outbox.release([b!], 1_000);
    await outbox.ack([a!]);
    expectSame(await outbox.stats(), { waiting: 2, claimed: 0, bytes: bytes - a!.body.length });
  }),
  duty('never hands out again what was delivered or given up', async ({ outbox, claim, advance }) => {
    await outbox.append(tracks('a', 'b'));
    const [a, b] = await claim();
    await outbox.ack([a!]);
    await outbox.deadLetter([b!], UNDELIVERED);
    advance(10 * LEASE_MS);
    expectIds(await claim(), []);
    expectSame(await outbox.stats(), NOTHING);
  }),
  duty('hands out at once, before what came later, what was released without a delay', async ({ outbox, claim }) => {
    await outbox.append(tracks('a', 'b', 'c'));
    await outbox.release(await claim({ maxEntries: 2 }), 0);
    expectIds(await claim(), ['a', 'b', 'c']);
  }),
  duty('hands out what was released with a delay when that is over and not before', async (world) => {
    const { outbox, claim, advance } = world;
    await outbox.append(tracks('a', 'b'));
    await outbox.release(await claim({ maxEntries: 1 }), 1_000);
    expectIds(await claim(), ['b']);
    advance(999);
    expectIds(await claim(), []);
    advance(1);
    expectIds(await claim(), ['a']);
  }),
  duty('hands out what a claimer left behind when its lease is over and not before', async (world) => {
    const { outbox, claim, advance } = world;
    await outbox.append(tracks('a', 'b'));
    await outbox.ack((await claim()).slice(0, 1));
    advance(LEASE_MS - 1);
    expectIds(await claim(), []);
    advance(1);
    expectIds(await claim(), ['b']);
  }),
  duty('ignores the settling of entries that are settled, released, waiting or unknown', async ({ outbox, claim }) => {
    await outbox.append(tracks('a', 'b', 'c'));
    const [a, b] = await claim({ maxEntries: 2 });
    await outbox.ack([a!]);
    await outbox.release([b!], 0);
    for (const entry of [a!, b!, trackEntry('c'), trackEntry('stranger')]) {
      await outbox.ack([entry]);
      await outbox.release([entry], 0);
      await outbox.deadLetter([entry], UNDELIVERED);
    }
    expectIds(await claim(), ['b', 'c']);
  }),
  duty('takes an id once if it is durable, and at least once in any case', async ({ outbox, claim }) => {
    await outbox.append(tracks('a'));
    await outbox.append(tracks('a', 'b'));
    const ids = new Set((await claim()).map(({ distinctId }) => distinctId));
    expectSame([...ids], ['a', 'b']);
    if (outbox.durable) expectSame((await outbox.stats()).claimed, 2);
  }),
  duty('hands out nothing of a person while an earlier identify of theirs is under way', async ({ outbox, claim }) => {
    await outbox.append([
      trackEntry('t0', visitor),
      identifyEntry('i1', visitor),
      trackEntry('t1', visitor),
      trackEntry('other'),
    ]);
    expectIds(await claim({ maxEntries: 1 }), ['t0']);
    const identify = await claim({ maxEntries: 1 });
    expectIds(identify, ['i1']);
    expectIds(await claim(), ['other']);
    await outbox.ack(identify);
    expectIds(await claim(), ['t1']);
  }),
  duty('knows a person by each of their three names', async ({ outbox, claim }) => {
    await outbox.append([
      identifyEntry('i1', { userId: 'u1', externalId: 'c1', email: 'ada@example.org' }),
      trackEntry('t1', { userId: 'u1' }),
      trackEntry('t2', { externalId: 'c1' }),
      trackEntry('t3', { email: 'ada@example.org' }),
      trackEntry('t4', { userId: 'u2', externalId: 'c2', email: 'bob@example.org' }),
    ]);
    await claim({ maxEntries: 1 });
    expectIds(await claim(), ['t4']);
  }),
  duty('lets nothing overtake what has to wait itself, though both follow one that is handed out', async (world) => {
    const { outbox, claim } = world;
    await outbox.append([identifyEntry('i1', { externalId: 'c1' })]);
    const underWay = await claim();
    expectIds(underWay, ['i1']);
    const both = { userId: 'u1', email: 'ada@example.org' };
    await outbox.append([
      identifyEntry('i2', both),
      identifyEntry('i3', { externalId: 'c1', email: 'ada@example.org' }),
      identifyEntry('i4', both),
    ]);
    // i4 shares two names with i2, which is more often than a claim of two has room for.
    const first = await claim({ maxEntries: 2 });
    expectIds(first, ['i2']);
    await outbox.ack([...underWay, ...first]);
    expectIds(await claim(), ['i3', 'i4']);
  }),
  duty('keeps the order of a person across a release and the end of a lease', async ({ outbox, claim, advance }) => {
    await outbox.append([identifyEntry('i1', visitor), trackEntry('t1', visitor), trackEntry('t2', visitor)]);
    const [i1, t1] = await claim({ maxEntries: 2 });
    await outbox.release([i1!], 1_000);
    await outbox.release([t1!], 0);
    expectIds(await claim(), []);
    advance(1_000);
    expectIds(await claim({ maxEntries: 1 }), ['i1']);
    expectIds(await claim(), []);
    advance(LEASE_MS);
    const again = await claim({ maxEntries: 1 });
    expectIds(again, ['i1']);
    await outbox.ack(again);
    expectIds(await claim(), ['t1', 't2']);
  }),
  duty('forgets what it holds of one person, under way or dead, and nothing of others', async (world) => {
    const { outbox, claim } = world;
    if (!outbox.durable) return;
    await outbox.append([
      trackEntry('letter', { externalId: 'c1' }),
      trackEntry('claimed', { externalId: 'c1' }),
      identifyEntry('waiting', { userId: 'u1', externalId: 'c1', email: 'ada@example.org' }),
      trackEntry('by email', { email: 'Ada@example.org' }),
      trackEntry('other', { externalId: 'c2', userId: 'u1' }),
    ]);
    await outbox.deadLetter(await claim({ maxEntries: 1 }), UNDELIVERED);
    const underWay = await claim({ maxEntries: 1 });
    const person = { externalId: 'c1', email: 'ada@example.org' };
    const found = { entries: 3, claimed: 1, deadLetters: 1, unreadable: 0 };
    expectSame(await outbox.forget(person, { dryRun: true }), found);
    expectSame((await outbox.stats()).waiting, 3);
    expectSame(await outbox.forget(person), found);
    expectSame(await outbox.forget(person), { entries: 0, claimed: 0, deadLetters: 0, unreadable: 0 });
    await outbox.release(underWay, 0);
    expectIds(await claim(), ['other']);
    expectSame(await outbox.deadLetters.count(), 0);
  }),
  duty('keeps dead letters and takes them back if it is durable', async ({ outbox, claim }) => {
    if (!outbox.durable) return;
    await outbox.append(tracks('a', 'b'));
    await outbox.deadLetter(await claim({ maxEntries: 1 }), UNDELIVERED);
    expectSame([...(await outbox.lookUp(['a', 'b', 'c']))].sort(), [
      ['a', UNDELIVERED],
      ['b', 'inside'],
    ]);
    const [letter] = await outbox.deadLetters.list({ limit: 10 });
    expectSame([letter?.distinctId, letter?.outcome], ['a', UNDELIVERED]);
    expectSame(await outbox.deadLetters.replay(['a']), 1);
    expectSame(await outbox.deadLetters.count(), 0);
    expectIds(await claim(), ['b', 'a']);
  }),
  duty(
    'marks where it stands if it is durable: one incarnation, and positions that grow',
    async ({ outbox, claim }) => {
      if (!outbox.durable) return;
      const first = await outbox.append(tracks('a', 'b'));
      const second = await outbox.append(tracks('c'));
      expectSame(second.incarnation, first.incarnation);
      if (!(second.position > first.position)) {
        throw new Error(`expected a position after ${first.position}, but got ${second.position}`);
      }
      const mark = { incarnation: second.incarnation, position: second.position };
      expectSame(await outbox.mark(), mark);
      await outbox.ack(await claim());
      expectSame(await outbox.mark(), mark);
    },
  ),
  duty('takes lists of nothing, and closes twice', async ({ outbox }) => {
    expectIds((await outbox.append([])).dropped, []);
    await Promise.all([outbox.ack([]), outbox.release([], 0), outbox.deadLetter([], UNDELIVERED)]);
    expectSame(await outbox.stats(), NOTHING);
    await outbox.close();
  }),
];

function duty(name: string, check: (world: World) => Promise<void>): OutboxCase {
  return {
    name: `the outbox ${name}`,
    async run(create) {
      const { now, advance } = createFakeClock();
      const outbox = await create({ now });
      try {
        const claim: World['claim'] = (options) =>
          outbox.claim({ maxEntries: 1e6, maxBytes: 1e9, leaseMs: LEASE_MS, ...options });
        await check({ outbox, claim, advance });
      } finally {
        await outbox.close();
      }
    },
  };
}

/** What every outbox keeps of an entry. */
function plain({ kind, distinctId, event, body, time, userId, externalId, email }: Entry): object {
  return { kind, distinctId, event, body: [...body], time, userId, externalId, email };
}
