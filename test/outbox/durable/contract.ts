import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Undelivered } from '../../../src/core/outcome.js';
import type { SecretKey } from '../../../src/core/secret-key.js';
import { EntryCodec } from '../../../src/outbox/durable/entry-codec.js';
import type { DurableOutbox, Outbox } from '../../../src/outbox/outbox.js';
import { toBytes } from '../../../src/protocol/bytes.js';
import type { Entry } from '../../../src/protocol/event.js';
import { identifyEntry, idsOf, trackEntry } from '../../support/entries.js';
import { keyOf } from '../../support/keys.js';
import {
  command,
  describeOutbox,
  EVERYTHING,
  LEASE_MS,
  Model,
  type OutboxSetup,
  type OutboxTraits,
  UNDELIVERED,
} from '../contract.js';

export interface DurableSetup extends OutboxSetup {
  readonly sealingKeys?: readonly SecretKey[];
  readonly acceptUnsealed?: boolean;
}

/** A file, database or server for a single test. */
export interface TestStore {
  /** One more handle on it, as another process would have. */
  open(setup: DurableSetup): DurableOutbox | Promise<DurableOutbox>;
  /** Its whole contents, as a string. */
  contents(): Promise<string>;
  /** Cuts off the last half of what is kept of an entry. */
  damage(distinctId: string): Promise<void>;
  /** Deletes an entry, as an operator would. */
  deleteEntry(distinctId: string): Promise<void>;
  /** Loses everything in it, as an operator or a crashed machine would. */
  empty(): Promise<void>;
  /** Takes away what the test has made, open handles or not. */
  remove(): Promise<void>;
}

const OTHER: Undelivered = { status: 'rejected', code: 'invalid_event', message: 'a reason' };
const oldKey = keyOf(1);
const newKey = Buffer.from(keyOf(2)).toString('base64');
const ada = { userId: 'visitor 1', email: 'ada@example.org' };

/** The duties of an outbox that outlives its process, those of every outbox included. */
export function describeDurableOutbox(name: string, createStore: () => Promise<TestStore>, traits: OutboxTraits): void {
  const stores = new WeakMap<Outbox, TestStore>();
  describeOutbox(
    name,
    async (setup) => {
      const store = await createStore();
      const outbox = await store.open(setup);
      stores.set(outbox, store);
      const close = outbox.close.bind(outbox);
      let removed: Promise<void> | undefined;
      outbox.close = async () => {
        await close();
        removed ??= store.remove();
        await removed;
      };
      return outbox;
    },
    traits,
  );

  async function world(setup: Omit<DurableSetup, 'now'> = {}) {
    let now = 0;
    const store = await createStore();
    const handles: DurableOutbox[] = [];
    onTestFinished(async () => {
      await Promise.all(handles.map((handle) => handle.close()));
      await store.remove();
    });
    const open = async (changed: Omit<DurableSetup, 'now'> = {}): Promise<DurableOutbox> => {
      const handle = await store.open({ ...setup, ...changed, now: () => now });
      handles.push(handle);
      return handle;
    };
    const advance = (ms: number): void => {
      now += ms;
    };
    return { store, open, advance, outbox: await open() };
  }

  const many = (count: number, prefix = ''): Entry[] =>
    Array.from({ length: count }, (_, index) => trackEntry(`${prefix}${index}`));

  describe(`the ${name} outbox outlives its process:`, () => {
    it('says that it is durable', async () => {
      expect((await world()).outbox.durable).toBe(true);
    });

    it('what was appended is there for the next process that opens the store', async () => {
      const { outbox, open } = await world();
      const entries = [trackEntry('a', ada, 42), identifyEntry('b', ada, { userProperties: { city: 'Zürich 🇨🇭' } })];
      await outbox.append(entries);
      await outbox.close();
      const claimed = await (await open()).claim(EVERYTHING);
      for (const [index, { owner: _, ...entry }] of entries.entries()) expect(claimed[index]).toMatchObject(entry);
      expect(claimed[0]!.body).toBeInstanceOf(Uint8Array);
    });

    it('what a dead process had claimed can be claimed again when its lease expires, and not before', async () => {
      const { outbox, open, advance } = await world();
      await outbox.append(many(3));
      await outbox.claim({ ...EVERYTHING, maxEntries: 2 });
      const next = await open();
      expect(idsOf(await next.claim({ ...EVERYTHING, leaseMs: 2 * LEASE_MS }))).toEqual(['2']);
      advance(LEASE_MS);
      expect(idsOf(await next.claim(EVERYTHING))).toEqual(['0', '1']);
    });

    it('closed while entries are claimed, it leaves them to the next process', async () => {
      const { outbox, open, advance } = await world();
      await outbox.append(many(2));
      await outbox.claim(EVERYTHING);
      await outbox.close();
      advance(LEASE_MS);
      expect(idsOf(await (await open()).claim(EVERYTHING))).toEqual(['0', '1']);
    });

    it('appends under way are stored before it closes', async () => {
      const { outbox, open } = await world();
      const appends = Promise.all([outbox.append(many(2, 'a')), outbox.append(many(2, 'b'))]);
      await outbox.close();
      await appends;
      expect(idsOf(await (await open()).claim(EVERYTHING))).toEqual(['a0', 'a1', 'b0', 'b1']);
    });

    it('hands back an owner that is a string', async () => {
      const { outbox } = await world();
      await outbox.append([
        { ...trackEntry('a'), owner: 'client.1' },
        { ...trackEntry('b'), owner: {} },
      ]);
      expect((await outbox.claim(EVERYTHING)).map(({ owner }) => owner)).toEqual(['client.1', undefined]);
    });

    it('keeps strings of every kind unchanged', async () => {
      const { outbox } = await world();
      const ids = ["it's", '"quoted"', 'new\nline', 'a:b{c}', 'ü🎉', '$1', '\\', ' '];
      await outbox.append(ids.map((id) => trackEntry(id, { userId: id })));
      const claimed = await outbox.claim(EVERYTHING);
      expect(idsOf(claimed)).toEqual(ids);
      expect(claimed.map(({ userId }) => userId)).toEqual(ids);
      await outbox.ack(claimed);
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });
  });

  describe(`several processes on one ${name} store`, () => {
    it('never hold the same entry at once, however fast they claim', async () => {
      const { outbox, open } = await world();
      const other = await open();
      const COUNT = 2_000;
      const held = new Set<string>();
      const done: string[] = [];
      const work = async (handle: DurableOutbox): Promise<void> => {
        while (done.length < COUNT) {
          const entries = await handle.claim({ ...EVERYTHING, maxEntries: 30 });
          for (const { distinctId } of entries) {
            expect(held.has(distinctId), `${distinctId} is held by two`).toBe(false);
            held.add(distinctId);
          }
          await new Promise(setImmediate);
          for (const { distinctId } of entries) held.delete(distinctId);
          await handle.ack(entries);
          done.push(...idsOf(entries));
        }
      };
      const fill = async (): Promise<void> => {
        for (let first = 0; first < COUNT; first += 100) await other.append(many(100, `${first}-`));
      };
      await Promise.all([fill(), work(outbox), work(outbox), work(other), work(other)]);
      expect(new Set(done).size).toBe(COUNT);
      expect(done).toHaveLength(COUNT);
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('keep the order of a person across all of them', async () => {
      const { outbox, open } = await world();
      const other = await open();
      await outbox.append([identifyEntry('i1', ada)]);
      await other.append([trackEntry('t1', { email: 'ada@example.org' }), trackEntry('else')]);
      const identify = await outbox.claim({ ...EVERYTHING, maxEntries: 1 });
      expect(idsOf(await other.claim(EVERYTHING))).toEqual(['else']);
      await outbox.ack(identify);
      expect(idsOf(await other.claim(EVERYTHING))).toEqual(['t1']);
    });

    it('append in the order in which a process called, without waiting', async () => {
      const { outbox } = await world();
      const appends = many(500).map((entry) => outbox.append([entry]));
      const positions = (await Promise.all(appends)).map(({ position }) => position);
      expect(positions).toEqual(positions.toSorted((one, other) => one - other));
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(idsOf(many(500)));
    });

    it('take an id once', async () => {
      const { outbox, open } = await world();
      const other = await open();
      const [first, second] = await Promise.all([outbox.append(many(50)), other.append(many(50))]);
      expect(first.duplicates.length + second.duplicates.length).toBe(50);
      expect((await outbox.claim(EVERYTHING)).length).toBe(50);
    });

    it('cannot settle an entry that another process has claimed since the lease expired', async () => {
      const { outbox, open, advance } = await world();
      await outbox.append(many(1));
      const late = await outbox.claim(EVERYTHING);
      advance(LEASE_MS);
      const other = await open();
      const now = await other.claim(EVERYTHING);
      await outbox.ack(late);
      await outbox.release(late, 0);
      await outbox.deadLetter(late, UNDELIVERED);
      expect(await outbox.stats()).toMatchObject({ waiting: 0, claimed: 1 });
      await other.ack(now);
      expect(await other.stats()).toMatchObject({ waiting: 0, claimed: 0 });
    });
  });

  describe(`the ${name} outbox knows ids:`, () => {
    it('reports which entries it ignored, even twice in one append and while they are claimed', async () => {
      const { outbox } = await world();
      const [first, again] = [trackEntry('a'), trackEntry('a')];
      expect((await outbox.append([first, again])).duplicates).toEqual([again]);
      await outbox.claim(EVERYTHING);
      expect(idsOf((await outbox.append([trackEntry('a'), trackEntry('b')])).duplicates)).toEqual(['a']);
      expect(await outbox.stats()).toMatchObject({ waiting: 1, claimed: 1 });
    });

    it('takes an id again once the first is settled', async () => {
      const { outbox } = await world();
      await outbox.append([trackEntry('a'), trackEntry('b')]);
      const [a, b] = await outbox.claim(EVERYTHING);
      await outbox.ack([a!]);
      await outbox.deadLetter([b!], UNDELIVERED);
      expect((await outbox.append([trackEntry('a'), trackEntry('b')])).duplicates).toEqual([]);
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a', 'b']);
    });

    it('looks up which ids are waiting and which are dead letters', async () => {
      const { outbox } = await world();
      await outbox.append(['waiting', 'claimed', 'delayed', 'dead', 'delivered'].map((id) => trackEntry(id)));
      const claimed = await outbox.claim(EVERYTHING);
      const one = (id: string): Entry[] => claimed.filter(({ distinctId }) => distinctId === id);
      await outbox.release(one('waiting'), 0);
      await outbox.release(one('delayed'), 1000);
      await outbox.deadLetter(one('dead'), OTHER);
      await outbox.ack(one('delivered'));
      const ids = ['waiting', 'claimed', 'delayed', 'dead', 'delivered', 'unheard of'];
      expect(Object.fromEntries(await outbox.lookUp(ids))).toEqual({
        waiting: 'inside',
        claimed: 'inside',
        delayed: 'inside',
        dead: OTHER,
      });
      expect((await outbox.lookUp([])).size).toBe(0);
    });

    it('knows the oldest entry, whose position no later append takes', async () => {
      const { outbox } = await world();
      expect(await outbox.oldest()).toBeUndefined();
      const { position: first } = await outbox.append(many(2, 'a'));
      const { position: second } = await outbox.append(many(2, 'b'));
      expect(second).toBeGreaterThan(first);
      expect((await outbox.oldest())!.position).toBeLessThanOrEqual(first);
      const claimed = await outbox.claim(EVERYTHING);
      await outbox.ack(claimed.slice(0, 2));
      const oldest = (await outbox.oldest())!;
      expect(oldest.position).toBeGreaterThan(first);
      expect(oldest.position).toBeLessThanOrEqual(second);
      expect(oldest.appendedAt).toBeTypeOf('number');
      await outbox.ack(claimed.slice(2));
      expect(await outbox.oldest()).toBeUndefined();
      const { position: third } = await outbox.append(many(1, 'c'));
      expect(third).toBeGreaterThan(second);
    });
  });

  describe(`the mark of the ${name} outbox`, () => {
    it('is the one that appends return, for every process, whatever is settled', async () => {
      const { outbox, open } = await world();
      const { incarnation, position } = await outbox.append(many(2, 'a'));
      const other = await open();
      expect(await other.mark()).toEqual({ incarnation, position });
      await other.ack(await other.claim(EVERYTHING));
      expect(await outbox.mark()).toEqual({ incarnation, position });
      const next = await other.append(many(1, 'b'));
      expect(next.incarnation).toBe(incarnation);
      expect(next.position).toBeGreaterThan(position);
    });

    it('has another incarnation once the store has been emptied', async () => {
      const { outbox, open, store } = await world();
      const before = await outbox.append(many(2));
      await store.empty();
      const other = await open();
      expect((await other.mark()).incarnation).not.toBe(before.incarnation);
      expect((await other.append(many(1))).incarnation).toBe((await other.mark()).incarnation);
    });
  });

  describe(`the ${name} outbox keeps dead letters:`, () => {
    async function withLetters() {
      const made = await world();
      await made.outbox.append(['a', 'b', 'c', 'd'].map((id) => trackEntry(id, ada)));
      const [a, b, c] = await made.outbox.claim({ ...EVERYTHING, maxEntries: 3 });
      await made.outbox.deadLetter([a!], UNDELIVERED);
      made.advance(1000);
      await made.outbox.deadLetter([b!, c!], OTHER);
      return { ...made, letters: made.outbox.deadLetters };
    }

    it('counts and lists them, the oldest first', async () => {
      const { letters } = await withLetters();
      expect(await letters.count()).toBe(3);
      const all = await letters.list({ limit: 10 });
      expect(all.map(({ distinctId, outcome }) => [distinctId, outcome])).toEqual([
        ['a', UNDELIVERED],
        ['b', OTHER],
        ['c', OTHER],
      ]);
      expect(all[0]!.at).toBeLessThanOrEqual(all[1]!.at);
      expect(all[0]!.entry).toMatchObject({ kind: 'track', event: 'purchase', ...ada });
      const { body } = trackEntry('a', ada);
      expect(Buffer.from(all[0]!.entry!.body).toString()).toBe(Buffer.from(body).toString());
      expect((await letters.list({ limit: 1, offset: 1 })).map(({ distinctId }) => distinctId)).toEqual(['b']);
      expect(await letters.get('c')).toMatchObject({ distinctId: 'c', outcome: OTHER });
      expect(await letters.get('d')).toBeUndefined();
    });

    it.each([
      ['plain', undefined],
      ['sealed', [oldKey]],
    ])(
      'replays them behind an identify of their person, and lets nothing overtake a replayed one (%s)',
      async (_, keys) => {
        const { outbox } = await world({ ...(keys && { sealingKeys: keys }) });
        await outbox.append([trackEntry('t', ada)]);
        await outbox.deadLetter(await outbox.claim(EVERYTHING), OTHER);
        await outbox.append([identifyEntry('i', ada)]);
        await outbox.deadLetters.replay(['t']);
        const identify = await outbox.claim({ ...EVERYTHING, maxEntries: 1 });
        expect(idsOf(identify)).toEqual(['i']);
        expect(await outbox.claim(EVERYTHING)).toEqual([]);
        await outbox.deadLetter(identify, OTHER);
        await outbox.ack(await outbox.claim(EVERYTHING));
        await outbox.deadLetters.replay(['i']);
        await outbox.append([trackEntry('later', { email: ada.email })]);
        expect(idsOf(await outbox.claim({ ...EVERYTHING, maxEntries: 1 }))).toEqual(['i']);
        expect(await outbox.claim(EVERYTHING)).toEqual([]);
      },
    );

    it('replays them at the end of the queue, for the next process too', async () => {
      const { letters, outbox, open } = await withLetters();
      expect(await letters.replay(['c', 'a', 'unheard of', 'd'])).toBe(2);
      expect(await letters.count()).toBe(1);
      expect(await outbox.stats()).toMatchObject({ waiting: 3, claimed: 0 });
      const claimed = idsOf(await (await open()).claim(EVERYTHING));
      expect(claimed[0]).toBe('d');
      expect(claimed.toSorted()).toEqual(['a', 'c', 'd']);
    });

    it('only removes a replayed one whose id is already waiting', async () => {
      const { letters, outbox } = await withLetters();
      await outbox.append([trackEntry('a', ada, 99)]);
      expect(await letters.replay(['a'])).toBe(1);
      const [d, a, ...others] = await outbox.claim(EVERYTHING);
      expect([d!.distinctId, a!.distinctId, others.length]).toEqual(['d', 'a', 0]);
      expect(a!.time).toBe(99);
    });

    it('discards them for good', async () => {
      const { letters, outbox } = await withLetters();
      expect(await letters.discard(['a', 'b', 'unheard of'])).toBe(2);
      expect(await letters.count()).toBe(1);
      expect(await outbox.stats()).toMatchObject({ waiting: 1 });
    });

    it('replays an identify in front of the events that come after it', async () => {
      const { outbox } = await world();
      await outbox.append([identifyEntry('i', ada)]);
      await outbox.deadLetter(await outbox.claim(EVERYTHING), UNDELIVERED);
      await outbox.deadLetters.replay(['i']);
      await outbox.append([trackEntry('t', ada)]);
      expect(idsOf(await outbox.claim({ ...EVERYTHING, maxEntries: 1 }))).toEqual(['i']);
      expect(await outbox.claim(EVERYTHING)).toEqual([]);
    });

    it('keeps the later of two with the same id', async () => {
      const { letters, outbox } = await withLetters();
      await outbox.append([trackEntry('a', ada, 7)]);
      const claimed = await outbox.claim(EVERYTHING);
      await outbox.deadLetter(
        claimed.filter(({ distinctId }) => distinctId === 'a'),
        OTHER,
      );
      expect(await letters.count()).toBe(3);
      expect(await letters.get('a')).toMatchObject({ outcome: OTHER, entry: { time: 7 } });
    });
  });

  describe(`the ${name} outbox sealed`, () => {
    const sealed = (): ReturnType<typeof world> => world({ sealingKeys: [oldKey] });

    it('shows nothing of an event to anyone who reads the store, dead letters included', async () => {
      const { outbox, store } = await sealed();
      await outbox.append([
        trackEntry('t', ada),
        identifyEntry('i', { externalId: 'customer 7' }, { userProperties: { city: 'Geneva' } }),
      ]);
      await outbox.deadLetter(await outbox.claim({ ...EVERYTHING, maxEntries: 1 }), UNDELIVERED);
      const contents = await store.contents();
      expect(contents).toContain('sealed:1:');
      for (const secret of ['purchase', 'ada@example.org', 'visitor 1', 'customer 7', 'Geneva']) {
        expect(contents).not.toContain(secret);
      }
      expect((await outbox.deadLetters.get('t'))!.entry).toMatchObject(ada);
    });

    /** What two entries of one person might be linked by. */
    const linksIn = async (store: TestStore): Promise<string[]> => {
      const people = new EntryCodec({ sealingKeys: [oldKey] }).people(trackEntry('', ada));
      const contents = await store.contents();
      return people.map((person) => person.slice(0, 22)).filter((person) => contents.includes(person));
    };

    it('does not reveal which events belong to one person', async () => {
      const { outbox, store } = await sealed();
      await outbox.append([trackEntry('a', ada), trackEntry('b', ada), trackEntry('c', ada)]);
      const [a] = await outbox.claim({ ...EVERYTHING, maxEntries: 1 });
      await outbox.deadLetter([a!], UNDELIVERED);
      await outbox.deadLetters.replay(['a']);
      expect(await linksIn(store)).toEqual([]);
    });

    it('forgets whose an identify was once it is settled, as a dead letter too', async () => {
      const { outbox, store } = await sealed();
      await outbox.append([identifyEntry('i', ada), identifyEntry('j', ada), trackEntry('t', ada)]);
      expect(await linksIn(store)).toHaveLength(2);
      const [i, j, t] = await outbox.claim(EVERYTHING);
      await outbox.ack([i!, t!]);
      await outbox.deadLetter([j!], UNDELIVERED);
      await outbox.close();
      expect(await linksIn(store)).toEqual([]);
    });

    it('opens with an old key, and keeps the order of a person across a change of keys', async () => {
      const { outbox, open } = await sealed();
      await outbox.append([identifyEntry('i', ada)]);
      const rotated = await open({ sealingKeys: [newKey, oldKey] });
      await rotated.append([trackEntry('t', ada)]);
      const identify = await rotated.claim({ ...EVERYTHING, maxEntries: 1 });
      expect(idsOf(identify)).toEqual(['i']);
      expect(await rotated.claim(EVERYTHING)).toEqual([]);
      await rotated.ack(identify);
      expect(idsOf(await rotated.claim(EVERYTHING))).toEqual(['t']);
    });

    it.each([
      ['another key', [newKey]],
      ['no key', undefined],
    ])(
      'keeps what it cannot open with %s, says so once, hands out the rest, and has it once the key is there',
      async (_, keys) => {
        const { outbox, open, advance } = await sealed();
        await outbox.append(many(2, 'old'));
        const stranger = await open({ sealingKeys: keys as never });
        await stranger.append(many(2, 'new'));
        await expect(stranger.claim(EVERYTHING)).rejects.toThrow(/2 .*sealed.*sealingKeys/s);
        const mine = await stranger.claim(EVERYTHING);
        expect(idsOf(mine)).toEqual(['new0', 'new1']);
        await stranger.ack(mine);
        expect(await stranger.claim(EVERYTHING)).toEqual([]);
        expect(await stranger.stats()).toMatchObject({ waiting: 2 });
        expect(await stranger.deadLetters.count()).toBe(0);
        advance(10 * 60_000);
        expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['old0', 'old1']);
      },
    );
  });

  describe(`the ${name} outbox sealed, with events in it that are not`, () => {
    const keys = { sealingKeys: [oldKey] };

    it('delivers none of them, says so once, and hands out what is sealed', async () => {
      const { outbox, open, advance } = await world();
      await outbox.append(many(2, 'plain'));
      const sealed = await open(keys);
      await sealed.append(many(2, 'sealed'));
      await expect(sealed.claim(EVERYTHING)).rejects.toThrow(/2 .*not sealed.*acceptUnsealed/s);
      expect(idsOf(await sealed.claim(EVERYTHING))).toEqual(['sealed0', 'sealed1']);
      for (let hour = 0; hour < 3; hour += 1) {
        advance(3_600_000);
        expect(idsOf(await sealed.claim({ ...EVERYTHING, leaseMs: 1_000 }))).toEqual(['sealed0', 'sealed1']);
      }
      expect(await sealed.deadLetters.count()).toBe(0);
      expect(await sealed.countUnsealed!()).toBe(2);
      advance(3_600_000);
      expect(idsOf(await outbox.claim(EVERYTHING).catch(() => outbox.claim(EVERYTHING)))).toEqual(['plain0', 'plain1']);
    });

    it('hands them out with acceptUnsealed, so that none is lost when sealing is introduced', async () => {
      const { outbox, open } = await world();
      await outbox.append(many(2, 'plain'));
      const introducing = await open({ ...keys, acceptUnsealed: true });
      await introducing.append(many(1, 'sealed'));
      expect(await introducing.countUnsealed!()).toBe(2);
      const claimed = await introducing.claim(EVERYTHING);
      expect(idsOf(claimed)).toEqual(['plain0', 'plain1', 'sealed0']);
      await introducing.ack(claimed);
      expect(await introducing.countUnsealed!()).toBe(0);
    });

    it('counts them among very many, and only if it has keys', async () => {
      const { outbox, open } = await world();
      const sealed = await open(keys);
      await sealed.append(many(1_500, 'sealed'));
      await outbox.append(many(7, 'plain'));
      expect(await sealed.countUnsealed!()).toBe(7);
      expect(outbox.countUnsealed).toBeUndefined();
    });

    it('believes no dead letter that is not sealed, nor its reason', async () => {
      const { outbox, open } = await world();
      await outbox.append(many(1));
      await outbox.deadLetter(await outbox.claim(EVERYTHING), OTHER);
      const sealed = await open(keys);
      const outcome = { status: 'rejected', code: 'unreadable', message: expect.stringContaining('not sealed') };
      expect(await sealed.deadLetters.get('0')).toMatchObject({ entry: undefined, outcome });
      expect((await sealed.lookUp(['0'])).get('0')).toMatchObject(outcome);
      const introducing = await open({ ...keys, acceptUnsealed: true });
      expect(await introducing.deadLetters.get('0')).toMatchObject({ entry: { distinctId: '0' }, outcome: OTHER });
    });
  });

  describe(`the ${name} outbox forgets a person`, () => {
    const NOTHING = { entries: 0, claimed: 0, deadLetters: 0, unreadable: 0 };

    it('among very many others, and leaves no trace of them in the store', async () => {
      const { outbox, store } = await world();
      await outbox.append([...many(600, 'before'), trackEntry('theirs', ada), ...many(600, 'after')]);
      const dead = await outbox.claim({ ...EVERYTHING, maxEntries: 550 });
      await outbox.deadLetter(dead, UNDELIVERED);
      await outbox.append([trackEntry('their letter', { email: 'ADA@example.org' })]);
      const rest = await outbox.claim(EVERYTHING);
      const [letter] = rest.filter(({ distinctId }) => distinctId === 'their letter');
      await outbox.deadLetter([letter!], OTHER);
      await outbox.release(rest, 0);
      expect(await outbox.forget({ email: 'ada@example.org' })).toEqual({ ...NOTHING, entries: 1, deadLetters: 1 });
      expect(await store.contents()).not.toMatch(/ada@example|visitor 1"/i);
      expect(await outbox.stats()).toMatchObject({ waiting: 650, claimed: 0 });
      expect(await outbox.deadLetters.count()).toBe(550);
      expect(idsOf(await outbox.claim(EVERYTHING))).toHaveLength(650);
    });

    it('in a sealed dead letter that names them in user properties only, and in an event with a damaged body', async () => {
      const { outbox } = await world({ sealingKeys: [oldKey] });
      const named = {
        ...trackEntry('named', { userId: 'u' }),
        body: toBytes('{"userProperties":{"external_id":"c"}}'),
      };
      const damaged = { ...trackEntry('damaged', { externalId: 'c' }), body: toBytes('{"userProp') };
      await outbox.append([named, damaged]);
      await outbox.deadLetter(await outbox.claim({ ...EVERYTHING, maxEntries: 1 }), OTHER);
      expect(await outbox.forget({ externalId: 'c' })).toEqual({ ...NOTHING, entries: 1, deadLetters: 1 });
    });

    it('and releases the events that waited for their identify', async () => {
      const { outbox } = await world();
      await outbox.append([identifyEntry('i', { externalId: 'c', userId: 'u' }), trackEntry('t', { userId: 'u' })]);
      await outbox.claim({ ...EVERYTHING, maxEntries: 1 });
      expect(await outbox.claim(EVERYTHING)).toEqual([]);
      expect(await outbox.forget({ externalId: 'c' })).toEqual({ ...NOTHING, entries: 1, claimed: 1 });
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['t']);
    });

    it('if it has the keys, and otherwise reports how much it could not read', async () => {
      const { outbox, open } = await world({ sealingKeys: [oldKey] });
      await outbox.append([trackEntry('a', ada), trackEntry('b', ada)]);
      await outbox.deadLetter(await outbox.claim({ ...EVERYTHING, maxEntries: 1 }), OTHER);
      const stranger = await open({ sealingKeys: [newKey] });
      expect(await stranger.forget(ada)).toEqual({ ...NOTHING, unreadable: 2 });
      expect(await outbox.forget(ada)).toEqual({ ...NOTHING, entries: 1, deadLetters: 1 });
    });

    it('in unsealed events as well, although they are not delivered', async () => {
      const { outbox, open } = await world();
      await outbox.append([trackEntry('a', ada)]);
      const sealed = await open({ sealingKeys: [oldKey] });
      expect(await sealed.forget({ userId: ada.userId })).toEqual({ ...NOTHING, entries: 1 });
    });

    it.each([{}, { userId: '' }, { email: 7 }])('only for a person who is named: not for %j', async (nobody) => {
      const { outbox } = await world();
      await expect(outbox.forget(nobody as object)).rejects.toMatchObject({ code: 'invalid_option' });
    });
  });

  describe(`the ${name} outbox with very many entries that it cannot open`, () => {
    it('moves them all aside at once, and returns the entries behind them', async () => {
      const { outbox, open } = await world({ sealingKeys: [oldKey] });
      await outbox.append(many(250, 'old'));
      const stranger = await open({ sealingKeys: [newKey] });
      await stranger.append(many(1, 'new'));
      const claim = () => stranger.claim({ ...EVERYTHING, maxEntries: 100 });
      await expect(claim()).rejects.toThrow(/250 .*sealed/s);
      expect(idsOf(await claim())).toEqual(['new0']);
    });

    it('does not show the reason of a dead letter either', async () => {
      const { outbox, store } = await world({ sealingKeys: [oldKey] });
      await outbox.append(many(1));
      const outcome: Undelivered = { status: 'rejected', code: 'invalid_event', message: 'a diagnosis is quoted' };
      await outbox.deadLetter(await outbox.claim(EVERYTHING), outcome);
      expect(await store.contents()).not.toContain('diagnosis');
      expect(await outbox.deadLetters.get('0')).toMatchObject({ outcome });
      expect((await outbox.lookUp(['0'])).get('0')).toEqual(outcome);
    });
  });

  describe(`the ${name} outbox from which an identify was deleted by hand`, () => {
    it('does not let the events of its person wait for it, those before and those after', async () => {
      const { outbox, open, store } = await world();
      await outbox.append([identifyEntry('i', ada), trackEntry('before', ada)]);
      await outbox.claim({ ...EVERYTHING, maxEntries: 1 });
      expect(await outbox.claim(EVERYTHING)).toEqual([]);
      await store.deleteEntry('i');
      await outbox.append([trackEntry('after', ada), trackEntry('else')]);
      const relay = await open();
      const claimed: string[] = [];
      // Redis repairs itself at the first claim that finds nothing else.
      for (let claims = 0; claims < 3; claims += 1) claimed.push(...idsOf(await relay.claim(EVERYTHING)));
      expect(claimed.toSorted()).toEqual(['after', 'before', 'else']);
    });
  });

  describe(`the ${name} outbox with a damaged entry`, () => {
    it.each([
      ['plain', undefined],
      ['sealed', [oldKey]],
    ])('puts it aside, says so once, and hands out the rest (%s)', async (_, sealingKeys) => {
      const { outbox, store } = await world({ sealingKeys: sealingKeys as never });
      await outbox.append(many(3));
      await store.damage('1');
      await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/1 .*dead letters/s);
      const claimed = await outbox.claim(EVERYTHING);
      expect(idsOf(claimed)).toEqual(['0', '2']);
      await outbox.ack(claimed);
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
      const letter = (await outbox.deadLetters.get('1'))!;
      expect(letter.entry).toBeUndefined();
      expect(letter.outcome).toMatchObject({ status: 'rejected', code: 'unreadable' });
      expect(await outbox.deadLetters.list({ limit: 5 })).toHaveLength(1);
      expect(await outbox.deadLetters.replay(['1'])).toBe(1);
      await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/dead letters/);
      expect(await outbox.deadLetters.discard(['1'])).toBe(1);
    });

    it.each([
      ['of a kind that is not known', { kind: 'alias' }],
      ['whose time is not a number', { time: 'noon' }],
      ['whose person is not named by a string', { externalId: 7 }],
      ['that is an identify without a JSON object', { kind: 'identify', body: toBytes('"text"') }],
    ])('%s puts it aside and hands out the rest', async (_, changed) => {
      const { outbox, open } = await world();
      const foreign = { ...trackEntry('foreign'), ...changed } as Entry;
      // Another version, or another program, whose names of a person are other ones.
      const people = vi.spyOn(EntryCodec.prototype, 'people').mockReturnValue(['someone']);
      await outbox.append([foreign]);
      people.mockRestore();
      await outbox.append([identifyEntry('i', ada), identifyEntry('j', ada), trackEntry('t', ada)]);
      await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/1 .*dead letters/s);
      const relay = await open();
      expect(idsOf(await relay.claim(EVERYTHING))).toEqual(['i', 'j', 't']);
      expect(await outbox.deadLetters.list({ limit: 5 })).toMatchObject([
        { distinctId: 'foreign', outcome: { status: 'rejected', code: 'unreadable' } },
      ]);
    });
  });

  describe(`several processes on one ${name} store, whatever they do and whenever they die,`, () => {
    it('lose no entry, never hold the same entry at once, and keep the order of every person', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 60, size: 'max' }), async (commands) => {
          let now = 0;
          const store = await createStore();
          const open = (): DurableOutbox | Promise<DurableOutbox> => store.open({ now: () => now });
          const handles = [await open(), await open(), await open()];
          const outboxes: DurableOutbox[] = [...handles];
          try {
            const model = new Model({
              outboxes,
              advance: (ms) => {
                now += ms;
              },
              crash: async (index) => {
                const next = await open();
                handles.push(next);
                outboxes[index] = next;
              },
            });
            for (const one of commands) await model.run(one);
            await model.drain();
          } finally {
            await Promise.all(handles.map((handle) => handle.close()));
            await store.remove();
          }
        }),
        { numRuns: Math.ceil((traits.runs ?? 100) / 2) },
      );
    });
  });
}
