import type { Undelivered } from '../core/outcome.js';
import type { ClaimOptions, Outbox } from '../outbox/outbox.js';
import type { Entry } from '../protocol/event.js';
import { createFakeClock } from './fake-clock.js';
import { expectIds, expectSame, identifyEntry, trackEntry } from './outbox-entries.js';

/** Creates an empty outbox without limits. Its leases and delays use the clock `now`, in milliseconds. */
export type CreateOutbox = (setup: { readonly now: () => number }) => Outbox | Promise<Outbox>;

/** One test of the contract. */
export interface OutboxCase {
  /** A sentence that begins with "the outbox". */
  readonly name: string;
  /** @throws {Error} with the expected and the actual value, if the outbox fails */
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
 * Tests the duties of an {@link Outbox}, for authors of outboxes. Limits, sealing and crash safety need tests of their own.
 *
 * @example
 * for (const { name, run } of outboxContract) it(name, () => run(({ now }) => createMyOutbox({ now })));
 */
export const outboxContract: readonly OutboxCase[] = [
  duty('is empty at first', async ({ outbox, claim }) => {
    expectIds(await claim(), []);
    expectSame(await outbox.stats(), NOTHING);
  }),
  duty('returns appended entries in order and unchanged', async ({ outbox, claim }) => {
    const entries = [trackEntry('a'), { ...trackEntry('b', { externalId: 'c1', email: 'ada@example.org' }), time: 42 }];
    expectIds((await outbox.append(entries)).dropped, []);
    await outbox.append(tracks('c'));
    const claimed = await claim();
    expectIds(claimed, ['a', 'b', 'c']);
    for (const [index, entry] of entries.entries()) expectSame(plain(claimed[index]!), plain(entry));
  }),
  duty('gives an entry to one claim only', async ({ outbox, claim }) => {
    await outbox.append(tracks('a', 'b', 'c'));
    const claims = await Promise.all([claim({ maxEntries: 2 }), claim({ maxEntries: 2 }), claim()]);
    expectSame(claims.flatMap((entries) => entries.map(({ distinctId }) => distinctId)).sort(), ['a', 'b', 'c']);
    expectIds(await claim(), []);
  }),
  duty('returns no more entries than maxEntries', async ({ outbox, claim }) => {
    await outbox.append(tracks('a', 'b', 'c'));
    expectIds(await claim({ maxEntries: 2 }), ['a', 'b']);
    expectIds(await claim({ maxEntries: 2 }), ['c']);
  }),
  duty('returns no more bytes than maxBytes, one more for each entry, and a larger entry alone', async (world) => {
    const { outbox, claim } = world;
    const entries = tracks('a', 'b', 'c');
    const two = entries[0]!.body.length + entries[1]!.body.length + 2;
    await outbox.append(entries);
    expectIds(await claim({ maxBytes: two - 1 }), ['a']);
    expectIds(await claim({ maxBytes: two }), ['b', 'c']);
    await outbox.append(tracks('d', 'e'));
    expectIds(await claim({ maxBytes: 1 }), ['d']);
  }),
  duty('counts waiting entries, claimed entries and the bytes of both', async ({ outbox, claim }) => {
    const entries = tracks('a', 'b', 'c');
    const bytes = entries.reduce((sum, { body }) => sum + body.length, 0);
    await outbox.append(entries);
    expectSame(await outbox.stats(), { waiting: 3, claimed: 0, bytes });
    const [a, b] = await claim({ maxEntries: 2 });
    expectSame(await outbox.stats(), { waiting: 1, claimed: 2, bytes });
    await outbox.release([b!], 1_000);
    expectSame(await outbox.stats(), { waiting: 2, claimed: 1, bytes });
    await outbox.ack([a!]);
    expectSame(await outbox.stats(), { waiting: 2, claimed: 0, bytes: bytes - a!.body.length });
  }),
  duty('never returns settled entries again', async ({ outbox, claim, advance }) => {
    await outbox.append(tracks('a', 'b'));
    const [a, b] = await claim();
    await outbox.ack([a!]);
    await outbox.deadLetter([b!], UNDELIVERED);
    advance(10 * LEASE_MS);
    expectIds(await claim(), []);
    expectSame(await outbox.stats(), NOTHING);
  }),
  duty('returns entries released without a delay at once, before later ones', async ({ outbox, claim }) => {
    await outbox.append(tracks('a', 'b', 'c'));
    await outbox.release(await claim({ maxEntries: 2 }), 0);
    expectIds(await claim(), ['a', 'b', 'c']);
  }),
  duty('returns entries released with a delay after the delay and not before', async (world) => {
    const { outbox, claim, advance } = world;
    await outbox.append(tracks('a', 'b'));
    await outbox.release(await claim({ maxEntries: 1 }), 1_000);
    expectIds(await claim(), ['b']);
    advance(999);
    expectIds(await claim(), []);
    advance(1);
    expectIds(await claim(), ['a']);
  }),
  duty('returns the entries of a dead claimer when its lease expires and not before', async (world) => {
    const { outbox, claim, advance } = world;
    await outbox.append(tracks('a', 'b'));
    await outbox.ack((await claim()).slice(0, 1));
    advance(LEASE_MS - 1);
    expectIds(await claim(), []);
    advance(1);
    expectIds(await claim(), ['b']);
  }),
  duty('expires each lease at its own time', async ({ outbox, claim, advance }) => {
    await outbox.append(tracks('a', 'b'));
    await claim({ maxEntries: 1, leaseMs: 3_000 });
    await claim({ maxEntries: 1, leaseMs: 1_000 });
    advance(1_000);
    expectIds(await claim(), ['b']);
    advance(2_000);
    expectIds(await claim(), ['a']);
  }),
  duty(
    'ignores calls that settle entries which are settled, released, waiting or unknown',
    async ({ outbox, claim }) => {
      await outbox.append(tracks('a', 'b', 'c'));
      const [a, b] = await claim({ maxEntries: 2 });
      await outbox.ack([a!]);
      await outbox.release([b!], 0);
      const before = await outbox.stats();
      for (const entry of [a!, b!, trackEntry('c'), trackEntry('stranger')]) {
        await outbox.ack([entry]);
        await outbox.release([entry], 0);
        await outbox.deadLetter([entry], UNDELIVERED);
      }
      expectSame(await outbox.stats(), before);
      expectIds(await claim(), ['b', 'c']);
    },
  ),
  duty('stores an id once if it is durable, and at least once in any case', async ({ outbox, claim }) => {
    await outbox.append(tracks('a'));
    await outbox.append(tracks('a', 'b'));
    const ids = new Set((await claim()).map(({ distinctId }) => distinctId));
    expectSame([...ids], ['a', 'b']);
    if (outbox.durable) expectSame((await outbox.stats()).claimed, 2);
  }),
  duty('returns nothing of a person while an earlier identify of theirs is claimed', async ({ outbox, claim }) => {
    await outbox.append([
      trackEntry('t0', visitor),
      identifyEntry('i1', visitor),
      trackEntry('t1', visitor),
      identifyEntry('i2', visitor),
      trackEntry('other'),
    ]);
    expectIds(await claim({ maxEntries: 1 }), ['t0']);
    const identify = await claim({ maxEntries: 1 });
    expectIds(identify, ['i1']);
    expectIds(await claim(), ['other']);
    await outbox.ack(identify);
    expectIds(await claim(), ['t1', 'i2']);
  }),
  duty('keeps the order of a person within one claim', async ({ outbox, claim }) => {
    await outbox.append([identifyEntry('i1', visitor), identifyEntry('i2', visitor), trackEntry('t1', visitor)]);
    expectIds(await claim(), ['i1', 'i2', 't1']);
  }),
  duty('returns the events of a person once their identify is a dead letter', async ({ outbox, claim }) => {
    await outbox.append([identifyEntry('i1', visitor), trackEntry('t1', visitor)]);
    await outbox.deadLetter(await claim({ maxEntries: 1 }), UNDELIVERED);
    expectIds(await claim(), ['t1']);
  }),
  duty('returns other people’s entries from behind any number of blocked ones', async ({ outbox, claim }) => {
    const blocked = Array.from({ length: 50 }, (_, index) => trackEntry(`t${index}`, visitor));
    await outbox.append([identifyEntry('i1', visitor), ...blocked, trackEntry('other')]);
    await claim({ maxEntries: 1 });
    expectIds(await claim({ maxEntries: 5 }), ['other']);
  }),
  duty('recognises a person by each of their three identifiers', async ({ outbox, claim }) => {
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
  duty('lets nothing overtake an identify that is itself blocked, even if both follow a claimed one', async (world) => {
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
    // i4 shares two names with i2: counted by name, they exceed a claim of two.
    const first = await claim({ maxEntries: 2 });
    expectIds(first, ['i2']);
    await outbox.ack([...underWay, ...first]);
    expectIds(await claim(), ['i3', 'i4']);
  }),
  duty('keeps the order of a person across releases and an expired lease', async ({ outbox, claim, advance }) => {
    await outbox.append([identifyEntry('i1', visitor), trackEntry('t1', visitor), trackEntry('t2', visitor)]);
    await outbox.release(await claim({ maxEntries: 2 }), 1_000);
    expectIds(await claim(), []);
    advance(1_000);
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
    expectIds(await claim(), []);
    await outbox.ack(again);
    expectIds(await claim(), ['t1', 't2']);
  }),
  duty('forgets the entries and dead letters of one person and nothing of others', async (world) => {
    const { outbox, claim } = world;
    await outbox.append([
      trackEntry('dead', { externalId: 'c1' }),
      trackEntry('claimed', { externalId: 'c1' }),
      identifyEntry('waiting', { userId: 'u1', externalId: 'c1', email: 'ada@example.org' }),
      trackEntry('by email', { email: 'Ada@example.org' }),
      trackEntry('named by id', { userId: 'u2' }, { userProperties: { external_id: 'c1' } }),
      trackEntry('named by email', { userId: 'u2' }, { userProperties: { email: 'Ada@example.org' } }),
      trackEntry('other', { externalId: 'c2', userId: 'u1' }),
    ]);
    await outbox.deadLetter(await claim({ maxEntries: 1 }), UNDELIVERED);
    const underWay = await claim({ maxEntries: 1 });
    const person = { externalId: 'c1', email: 'ada@example.org' };
    const found = { entries: 5, claimed: 1, deadLetters: outbox.durable ? 1 : 0, unreadable: 0 };
    const removed: [distinctId: string, isClaimed: boolean][] = [];
    const onRemoved = ({ distinctId }: Entry, isClaimed: boolean): void => {
      removed.push([distinctId, isClaimed]);
    };
    expectSame(await outbox.forget(person, { dryRun: true, onRemoved }), found);
    expectSame((await outbox.stats()).waiting, 5);
    expectSame(removed, []);
    expectSame(await outbox.forget(person, { onRemoved }), found);
    expectSame(removed.sort(), [
      ['by email', false],
      ['claimed', true],
      ['named by email', false],
      ['named by id', false],
      ['waiting', false],
    ]);
    expectSame(await outbox.forget(person), { entries: 0, claimed: 0, deadLetters: 0, unreadable: 0 });
    await outbox.release(underWay, 0);
    expectIds(await claim(), ['other']);
    if (outbox.durable) expectSame(await outbox.deadLetters.count(), 0);
  }),
  duty('keeps dead letters and replays them if it is durable', async ({ outbox, claim }) => {
    if (!outbox.durable) return;
    await outbox.append(tracks('a', 'b'));
    await outbox.deadLetter(await claim({ maxEntries: 1 }), UNDELIVERED);
    expectSame([...(await outbox.lookUp(['a', 'b', 'c']))].sort(), [
      ['a', UNDELIVERED],
      ['b', 'inside'],
    ]);
    const [deadLetter] = await outbox.deadLetters.list({ limit: 10 });
    expectSame([deadLetter?.distinctId, deadLetter?.outcome], ['a', UNDELIVERED]);
    expectSame(await outbox.deadLetters.replay(['a']), 1);
    expectSame(await outbox.deadLetters.count(), 0);
    expectIds(await claim(), ['b', 'a']);
  }),
  duty('has a mark if it is durable: one incarnation, and positions that grow', async ({ outbox, claim }) => {
    if (!outbox.durable) return;
    const first = await outbox.append(tracks('a', 'b'));
    const second = await outbox.append(tracks('c'));
    expectSame(second.incarnation, first.incarnation);
    if (!(second.position > first.position)) {
      throw new Error(`expected a position after ${first.position}; got ${second.position}`);
    }
    const mark = { incarnation: second.incarnation, position: second.position };
    expectSame(await outbox.mark(), mark);
    await outbox.ack(await claim());
    expectSame(await outbox.mark(), mark);
  }),
  duty('accepts empty lists, and closes twice', async ({ outbox }) => {
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

/** The fields of an entry that every outbox keeps. */
function plain({ kind, distinctId, event, body, time, userId, externalId, email }: Entry): object {
  return { kind, distinctId, event, body: [...body], time, userId, externalId, email };
}
