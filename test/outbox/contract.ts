import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Undelivered } from '../../src/core/outcome.js';
import type { WhenFull } from '../../src/outbox/memory.js';
import type { ClaimOptions, Outbox } from '../../src/outbox/outbox.js';
import { type Entry, identifiersOf } from '../../src/protocol/event.js';
import { identifyEntry, idsOf, trackEntry, type Who } from '../support/entries.js';

/** What a test asks of a fresh, empty outbox. */
export interface OutboxSetup {
  /** Milliseconds by the test's clock, for leases and delays. */
  readonly now: () => number;
  readonly maxQueueSize?: number;
  readonly maxQueueBytes?: number;
  readonly whenFull?: WhenFull;
}

export type CreateOutbox = (setup: OutboxSetup) => Outbox | Promise<Outbox>;

export interface OutboxTraits {
  /** Which entries it may drop above `maxQueueSize` and `maxQueueBytes`. */
  readonly drops: readonly WhenFull[];
  /** Interleavings the property test tries. @default 100 */
  readonly runs?: number;
}

export const LEASE_MS = 10_000;
export const EVERYTHING: ClaimOptions = { maxEntries: 1e6, maxBytes: 1e9, leaseMs: LEASE_MS };
export const UNDELIVERED: Undelivered = { status: 'dropped', reason: 'retries_exhausted' };
const visitor: Who = { userId: 'u1' };

/** The duties of every outbox, as its interface states them. */
export function describeOutbox(name: string, create: CreateOutbox, { drops, runs = 100 }: OutboxTraits): void {
  async function open(limits: Omit<OutboxSetup, 'now'> = {}) {
    let now = 0;
    const outbox = await create({ ...limits, now: () => now });
    return {
      outbox,
      claim: (options: Partial<ClaimOptions> = {}) => outbox.claim({ ...EVERYTHING, ...options }),
      advance: (ms: number) => {
        now += ms;
      },
    };
  }

  async function opened(limits?: Omit<OutboxSetup, 'now'>) {
    const world = await open(limits);
    onTestFinished(() => world.outbox.close());
    return world;
  }

  describe(`the ${name} outbox`, () => {
    it('is empty at first', async () => {
      const { outbox, claim } = await opened();
      expect(await claim()).toEqual([]);
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('hands out what was appended, in order and unchanged', async () => {
      const { outbox, claim } = await opened();
      const entries = [trackEntry('a'), trackEntry('b', { externalId: 'c1', email: 'ada@example.org' }, 42)];
      expect(await outbox.append(entries)).toMatchObject({ dropped: [] });
      await outbox.append([trackEntry('c')]);
      const claimed = await claim();
      expect(idsOf(claimed)).toEqual(['a', 'b', 'c']);
      for (const [index, { owner: _, ...entry }] of entries.entries()) expect(claimed[index]).toMatchObject(entry);
    });

    it('hands an entry to one claimer only', async () => {
      const { outbox, claim } = await opened();
      await outbox.append(['a', 'b', 'c'].map((id) => trackEntry(id)));
      const claims = await Promise.all([claim({ maxEntries: 2 }), claim({ maxEntries: 2 }), claim()]);
      expect(claims.flatMap(idsOf).toSorted()).toEqual(['a', 'b', 'c']);
      expect(await claim()).toEqual([]);
    });

    it('hands out no more entries than asked for', async () => {
      const { outbox, claim } = await opened();
      await outbox.append(['a', 'b', 'c'].map((id) => trackEntry(id)));
      expect(idsOf(await claim({ maxEntries: 2 }))).toEqual(['a', 'b']);
      expect(idsOf(await claim({ maxEntries: 2 }))).toEqual(['c']);
    });

    it('hands out no more bytes than asked for, a separator for each entry included', async () => {
      const { outbox, claim } = await opened();
      const entries = ['a', 'b', 'c'].map((id) => trackEntry(id));
      const two = entries[0]!.body.length + entries[1]!.body.length + 2;
      await outbox.append(entries);
      expect(idsOf(await claim({ maxBytes: two - 1 }))).toEqual(['a']);
      expect(idsOf(await claim({ maxBytes: two }))).toEqual(['b', 'c']);
    });

    it('hands out an entry that is above the bytes asked for by itself', async () => {
      const { outbox, claim } = await opened();
      await outbox.append([trackEntry('a'), trackEntry('b')]);
      expect(idsOf(await claim({ maxBytes: 1 }))).toEqual(['a']);
    });

    it('counts what waits, what is claimed and the bytes of both', async () => {
      const { outbox, claim } = await opened();
      const entries = ['a', 'b', 'c'].map((id) => trackEntry(id));
      const bytes = entries.reduce((sum, { body }) => sum + body.length, 0);
      await outbox.append(entries);
      expect(await outbox.stats()).toEqual({ waiting: 3, claimed: 0, bytes });
      const [a, b] = await claim({ maxEntries: 2 });
      expect(await outbox.stats()).toEqual({ waiting: 1, claimed: 2, bytes });
      await outbox.release([b!], 1000);
      expect(await outbox.stats()).toEqual({ waiting: 2, claimed: 1, bytes });
      await outbox.ack([a!]);
      expect(await outbox.stats()).toEqual({ waiting: 2, claimed: 0, bytes: bytes - a!.body.length });
    });

    it.each(['ack', 'deadLetter'] as const)('never hands out again what was settled by %s', async (settle) => {
      const { outbox, claim, advance } = await opened();
      await outbox.append([trackEntry('a'), trackEntry('b')]);
      await outbox[settle]((await claim()) as Entry[], UNDELIVERED);
      advance(10 * LEASE_MS);
      expect(await claim()).toEqual([]);
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('hands out at once what was released without a delay, before what came later', async () => {
      const { outbox, claim } = await opened();
      await outbox.append(['a', 'b', 'c'].map((id) => trackEntry(id)));
      await outbox.release(await claim({ maxEntries: 2 }), 0);
      expect(idsOf(await claim())).toEqual(['a', 'b', 'c']);
    });

    it('hands out what was released with a delay when that is over and not before, while others pass', async () => {
      const { outbox, claim, advance } = await opened();
      await outbox.append(['a', 'b'].map((id) => trackEntry(id)));
      await outbox.release(await claim({ maxEntries: 1 }), 1000);
      expect(idsOf(await claim())).toEqual(['b']);
      advance(999);
      expect(await claim()).toEqual([]);
      advance(1);
      expect(idsOf(await claim())).toEqual(['a']);
    });

    it('hands out what a claimer left behind when its lease is over and not before', async () => {
      const { outbox, claim, advance } = await opened();
      await outbox.append([trackEntry('a'), trackEntry('b')]);
      const [a] = await claim();
      await outbox.ack([a!]);
      advance(LEASE_MS - 1);
      expect(await claim()).toEqual([]);
      advance(1);
      expect(idsOf(await claim())).toEqual(['b']);
    });

    it('ends each lease in its own time', async () => {
      const { outbox, claim, advance } = await opened();
      await outbox.append([trackEntry('a'), trackEntry('b')]);
      await claim({ maxEntries: 1, leaseMs: 3000 });
      await claim({ maxEntries: 1, leaseMs: 1000 });
      advance(1000);
      expect(idsOf(await claim())).toEqual(['b']);
      advance(2000);
      expect(idsOf(await claim())).toEqual(['a']);
    });

    it('ignores the settling of entries that are settled, released, only waiting or not its own', async () => {
      const { outbox, claim } = await opened();
      await outbox.append([trackEntry('a'), trackEntry('b'), trackEntry('c')]);
      const [a, b] = await claim({ maxEntries: 2 });
      await outbox.ack([a!]);
      await outbox.release([b!], 0);
      const before = await outbox.stats();
      for (const entry of [a!, b!, trackEntry('c'), trackEntry('stranger')]) {
        await outbox.ack([entry]);
        await outbox.release([entry], 0);
        await outbox.deadLetter([entry], UNDELIVERED);
      }
      expect(await outbox.stats()).toEqual(before);
      expect(idsOf(await claim())).toEqual(['b', 'c']);
    });

    it('takes lists of nothing', async () => {
      const { outbox } = await opened();
      expect(await outbox.append([])).toMatchObject({ dropped: [] });
      await Promise.all([outbox.ack([]), outbox.release([], 0), outbox.deadLetter([], UNDELIVERED)]);
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('takes an id once if it is durable, and at least once in any case', async () => {
      const { outbox, claim } = await opened();
      await outbox.append([trackEntry('a')]);
      await outbox.append([trackEntry('a'), trackEntry('b')]);
      expect(idsOf(await claim())).toEqual(outbox.durable ? ['a', 'b'] : ['a', 'a', 'b']);
    });

    it('closes twice', async () => {
      const { outbox } = await opened();
      await outbox.close();
      await outbox.close();
    });

    it('holds a hundred thousand entries and hands out each of them once', async () => {
      const { outbox, claim } = await opened();
      const COUNT = 100_000;
      for (let first = 0; first < COUNT; first += 1000) {
        await outbox.append(Array.from({ length: 1000 }, (_, index) => trackEntry(String(first + index))));
      }
      expect(await outbox.stats()).toMatchObject({ waiting: COUNT, claimed: 0 });
      let next = 0;
      for (
        let entries = await claim({ maxEntries: 500 });
        entries.length > 0;
        entries = await claim({ maxEntries: 500 })
      ) {
        for (const entry of entries) {
          if (entry.distinctId !== String(next)) throw new Error(`${entry.distinctId} came in place of ${next}`);
          next += 1;
        }
        await outbox.ack(entries);
      }
      expect(next).toBe(COUNT);
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });
  });

  describe(`the ${name} outbox keeps the order of a person`, () => {
    it('by handing out nothing of theirs while an earlier identify is under way', async () => {
      const { outbox, claim } = await opened();
      await outbox.append([
        identifyEntry('i1', visitor),
        trackEntry('t1', visitor),
        identifyEntry('i2', visitor),
        trackEntry('other'),
      ]);
      const first = await claim({ maxEntries: 1 });
      expect(idsOf(first)).toEqual(['i1']);
      expect(idsOf(await claim())).toEqual(['other']);
      await outbox.ack(first);
      expect(idsOf(await claim())).toEqual(['t1', 'i2']);
    });

    it('within one claim by the order in it', async () => {
      const { outbox, claim } = await opened();
      await outbox.append([identifyEntry('i1', visitor), identifyEntry('i2', visitor), trackEntry('t1', visitor)]);
      expect(idsOf(await claim())).toEqual(['i1', 'i2', 't1']);
    });

    it('and lets events before an identify go without it', async () => {
      const { outbox, claim } = await opened();
      await outbox.append([trackEntry('t1', visitor), identifyEntry('i1', visitor)]);
      expect(idsOf(await claim({ maxEntries: 1 }))).toEqual(['t1']);
      expect(idsOf(await claim())).toEqual(['i1']);
    });

    it('by whichever of the three names they share', async () => {
      const { outbox, claim } = await opened();
      const everything: Who = { userId: 'u1', externalId: 'c1', email: 'ada@example.org' };
      await outbox.append([
        identifyEntry('i1', everything),
        trackEntry('t1', { userId: 'u1' }),
        trackEntry('t2', { externalId: 'c1' }),
        trackEntry('t3', { email: 'ada@example.org' }),
        trackEntry('t4', { userId: 'u2', externalId: 'c2', email: 'bob@example.org' }),
      ]);
      await claim({ maxEntries: 1 });
      expect(idsOf(await claim())).toEqual(['t4']);
    });

    it('behind one that has to wait itself, though both follow one that is handed out', async () => {
      const { outbox, claim } = await opened();
      const both: Who = { userId: 'u1', email: 'ada@example.org' };
      await outbox.append([identifyEntry('i1', { externalId: 'c1' })]);
      const underWay = await claim();
      await outbox.append([
        identifyEntry('i2', both),
        identifyEntry('i3', { externalId: 'c1', email: 'ada@example.org' }),
        identifyEntry('i4', both),
      ]);
      // i4 shares two names with i2, as many as the claim has room for entries.
      const first = await claim({ maxEntries: 2 });
      expect(idsOf(first)).toEqual(['i2']);
      await outbox.ack([...underWay, ...first]);
      expect(idsOf(await claim())).toEqual(['i3', 'i4']);
    });

    it('across a release with a delay', async () => {
      const { outbox, claim, advance } = await opened();
      await outbox.append([identifyEntry('i1', visitor), trackEntry('t1', visitor)]);
      await outbox.release(await claim(), 1000);
      expect(await claim()).toEqual([]);
      advance(1000);
      expect(idsOf(await claim())).toEqual(['i1', 't1']);
    });

    it('across a release of only the identify', async () => {
      const { outbox, claim, advance } = await opened();
      await outbox.append([identifyEntry('i1', visitor), trackEntry('t1', visitor), trackEntry('t2', visitor)]);
      const [i1, t1] = await claim({ maxEntries: 2 });
      await outbox.release([i1!], 1000);
      await outbox.release([t1!], 0);
      expect(await claim()).toEqual([]);
      advance(1000);
      expect(idsOf(await claim({ maxEntries: 1 }))).toEqual(['i1']);
      expect(await claim()).toEqual([]);
    });

    it('across the end of a lease', async () => {
      const { outbox, claim, advance } = await opened();
      await outbox.append([identifyEntry('i1', visitor), trackEntry('t1', visitor)]);
      await claim({ maxEntries: 1 });
      expect(await claim()).toEqual([]);
      advance(LEASE_MS);
      expect(idsOf(await claim({ maxEntries: 1 }))).toEqual(['i1']);
      expect(await claim()).toEqual([]);
    });

    it('until the identify is settled, by a dead letter too', async () => {
      const { outbox, claim } = await opened();
      await outbox.append([identifyEntry('i1', visitor), trackEntry('t1', visitor)]);
      await outbox.deadLetter(await claim({ maxEntries: 1 }), UNDELIVERED);
      expect(idsOf(await claim())).toEqual(['t1']);
    });

    it('and finds what others may have behind a line of any length: an empty claim means that nothing can be had', async () => {
      const { outbox, claim } = await opened();
      const line = Array.from({ length: 50 }, (_, index) => trackEntry(`t${index}`, visitor));
      await outbox.append([identifyEntry('i1', visitor), ...line, trackEntry('other')]);
      await claim({ maxEntries: 1 });
      expect(idsOf(await claim({ maxEntries: 5 }))).toEqual(['other']);
    });
  });

  describe(`the ${name} outbox, whatever is done to it in whatever order,`, () => {
    it('loses no entry, hands none to two at once, and keeps the order of every person', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 60, size: 'max' }), async (commands) => {
          const world = await open();
          try {
            const model = new Model({ outboxes: [world.outbox], advance: world.advance });
            for (const one of commands) await model.run(one);
            await model.drain();
          } finally {
            await world.outbox.close();
          }
        }),
        { numRuns: runs },
      );
    });
  });

  describe.runIf(drops.length > 0)(`the ${name} outbox is bounded`, () => {
    const size = trackEntry('a').body.length;
    const abc = (): Entry[] => ['a', 'b', 'c'].map((id) => trackEntry(id));

    it('by count, and drops the newest', async () => {
      const { outbox, claim } = await opened({ maxQueueSize: 2, whenFull: 'drop-newest' });
      expect(idsOf((await outbox.append(abc())).dropped)).toEqual(['c']);
      expect(idsOf(await claim())).toEqual(['a', 'b']);
    });

    it.runIf(drops.includes('drop-oldest'))('by count, and drops the oldest', async () => {
      const { outbox, claim } = await opened({ maxQueueSize: 2, whenFull: 'drop-oldest' });
      await outbox.append(abc().slice(0, 2));
      expect(idsOf((await outbox.append(abc().slice(2))).dropped)).toEqual(['a']);
      expect(idsOf(await claim())).toEqual(['b', 'c']);
    });

    it('by bytes, and drops the newest', async () => {
      const { outbox, claim } = await opened({ maxQueueBytes: 2 * size, whenFull: 'drop-newest' });
      expect(idsOf((await outbox.append(abc())).dropped)).toEqual(['c']);
      expect(await outbox.stats()).toEqual({ waiting: 2, claimed: 0, bytes: 2 * size });
      expect(idsOf(await claim())).toEqual(['a', 'b']);
    });

    it.runIf(drops.includes('drop-oldest'))(
      'by bytes, and drops as many of the oldest as the newest needs',
      async () => {
        const large = trackEntry('x'.repeat(size));
        const { outbox, claim } = await opened({ maxQueueBytes: size + large.body.length, whenFull: 'drop-oldest' });
        await outbox.append(abc());
        expect(idsOf((await outbox.append([large])).dropped)).toEqual(['a', 'b']);
        expect(idsOf(await claim())).toEqual(['c', large.distinctId]);
      },
    );

    it.runIf(drops.includes('drop-oldest'))('so that an entry larger than everything drops nobody else', async () => {
      const { outbox, claim } = await opened({ maxQueueBytes: 3 * size, whenFull: 'drop-oldest' });
      await outbox.append(abc());
      const huge = trackEntry('x'.repeat(4 * size));
      expect(idsOf((await outbox.append([huge])).dropped)).toEqual([huge.distinctId]);
      expect(idsOf(await claim())).toEqual(['a', 'b', 'c']);
    });

    it.runIf(drops.includes('drop-oldest'))('with what is claimed counted, and never dropped', async () => {
      const { outbox, claim } = await opened({ maxQueueSize: 2, whenFull: 'drop-oldest' });
      await outbox.append(abc().slice(0, 2));
      const claimed = await claim();
      expect(idsOf((await outbox.append([trackEntry('c')])).dropped)).toEqual(['c']);
      await outbox.release(claimed, 0);
      expect(idsOf(await claim())).toEqual(['a', 'b']);
    });

    it('and has room again for what was settled', async () => {
      const { outbox, claim } = await opened({ maxQueueSize: 1, maxQueueBytes: size });
      await outbox.append([trackEntry('a')]);
      await outbox.ack(await claim());
      expect(await outbox.append([trackEntry('b')])).toMatchObject({ dropped: [] });
    });

    it.runIf(drops.includes('drop-oldest'))('without a dropped identify holding back the events after it', async () => {
      const { outbox, claim } = await opened({ maxQueueSize: 2, whenFull: 'drop-oldest' });
      await outbox.append([identifyEntry('i1', visitor), trackEntry('t1', visitor)]);
      expect(idsOf((await outbox.append([trackEntry('t2', visitor)])).dropped)).toEqual(['i1']);
      expect(idsOf(await claim())).toEqual(['t1', 't2']);
    });
  });
}

type Command =
  | {
      readonly do: 'append';
      readonly by: number;
      readonly entries: readonly { readonly isTrack: boolean; readonly who: Who }[];
    }
  | {
      readonly do: 'claim';
      readonly by: number;
      readonly maxEntries: number;
      readonly maxBytes: number;
      readonly leaseMs: number;
    }
  | {
      readonly do: 'settle';
      readonly how: 'ack' | 'deadLetter' | 'release';
      readonly pick: number;
      readonly delayMs: number;
    }
  | { readonly do: 'crash'; readonly by: number }
  | { readonly do: 'advance'; readonly ms: number };

const by = fc.nat({ max: 2 });
const name = fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined });
/** Something to do with an outbox, for {@link Model.run}. */
export const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    do: fc.constant('append' as const),
    by,
    entries: fc.array(
      fc.record({ isTrack: fc.boolean(), who: fc.record({ userId: name, externalId: name, email: name }) }),
      { maxLength: 4, size: 'max' },
    ),
  }),
  fc.record({
    do: fc.constant('claim' as const),
    by,
    maxEntries: fc.integer({ min: 1, max: 5 }),
    maxBytes: fc.constantFrom(1, 200, 1e6),
    leaseMs: fc.constantFrom(1_000, 10_000),
  }),
  fc.record({
    do: fc.constant('settle' as const),
    how: fc.constantFrom('ack' as const, 'deadLetter' as const, 'release' as const),
    pick: fc.nat(),
    delayMs: fc.constantFrom(0, 500, 5_000),
  }),
  fc.record({ do: fc.constant('crash' as const), by }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(100, 1_000, 10_000) }),
);

/** One store, the handles on it, and its time. */
export interface World {
  readonly outboxes: readonly Outbox[];
  readonly advance: (ms: number) => void;
  /** Puts a new handle in the place of one that is never used again, as if its process had died. */
  readonly crash?: (index: number) => Promise<void>;
}

interface Claimed {
  readonly entry: Entry;
  readonly until: number;
  /** Whose handle handed it out; nobody's after a crash. */
  by: number | undefined;
}

/** What is known of an appended entry. */
interface Known {
  readonly order: number;
  readonly entry: Entry;
  /** As the outbox handed it out, while its lease lasts. */
  claimed: Claimed | undefined;
  availableAt: number;
  isSettled: boolean;
}

/** The contract as a list with flags, too slow to use and too plain to be wrong. */
export class Model {
  readonly #world: World;
  readonly #known = new Map<string, Known>();
  #now = 0;

  constructor(world: World) {
    this.#world = world;
  }

  async run(one: Command): Promise<void> {
    switch (one.do) {
      case 'append':
        return this.#append(
          one.by,
          one.entries.map(({ isTrack, who }, index) => this.#entry(isTrack, who, index)),
        );
      case 'claim':
        return this.#claim(one.by, one);
      case 'crash':
        return this.#crash(one.by);
      case 'settle':
        return this.#settle(one);
      case 'advance':
        return this.#advance(one.ms);
    }
  }

  /** Everything that was appended comes out in the end, each entry until it is settled and never after. */
  async drain(): Promise<void> {
    for (let round = 0; this.#open().length > 0; round += 1) {
      expect(round, 'entries are left that nobody can claim').toBeLessThan(1 + this.#known.size);
      this.#advance(10 * LEASE_MS);
      await this.#claim(round, { maxEntries: 3, maxBytes: 1e9, leaseMs: LEASE_MS });
      for (const known of this.#held()) if (known.claimed!.by !== undefined) await this.#end(known, 'ack');
    }
    this.#advance(10 * LEASE_MS);
    expect(await this.#outbox(0).claim(EVERYTHING)).toEqual([]);
    expect(await this.#outbox(0).stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
  }

  #entry(isTrack: boolean, who: Who, index: number): Entry {
    const id = String(this.#known.size + index);
    return isTrack ? trackEntry(id, who) : identifyEntry(id, who);
  }

  #outbox(by: number): Outbox {
    const { outboxes } = this.#world;
    return outboxes[by % outboxes.length]!;
  }

  async #crash(by: number): Promise<void> {
    const { outboxes, crash } = this.#world;
    if (crash === undefined) return;
    const index = by % outboxes.length;
    await crash(index);
    for (const known of this.#held()) if (known.claimed!.by === index) known.claimed!.by = undefined;
  }

  async #append(by: number, entries: readonly Entry[]): Promise<void> {
    expect(await this.#outbox(by).append(entries)).toMatchObject({ dropped: [] });
    for (const entry of entries) {
      const order = this.#known.size;
      this.#known.set(entry.distinctId, { order, entry, claimed: undefined, availableAt: 0, isSettled: false });
    }
  }

  async #claim(by: number, options: ClaimOptions): Promise<void> {
    const entries = await this.#outbox(by).claim(options);
    expect(entries.length).toBeLessThanOrEqual(options.maxEntries);
    const bytes = entries.reduce((sum, { body }) => sum + body.length + 1, 0);
    if (entries.length > 1) expect(bytes).toBeLessThanOrEqual(options.maxBytes);
    const inThisClaim = new Set<Known>();
    for (const entry of entries) {
      const known = this.#known.get(entry.distinctId)!;
      expect(known, 'nobody appended it').toBeDefined();
      expect(known.isSettled, 'it was settled').toBe(false);
      expect(known.claimed, 'somebody else holds it').toBeUndefined();
      expect(known.availableAt, 'it was to wait').toBeLessThanOrEqual(this.#now);
      for (const earlier of this.#before(known)) expect(inThisClaim.has(earlier), 'it overtook its person').toBe(true);
      inThisClaim.add(known);
      known.claimed = { entry, until: this.#now + options.leaseMs, by: by % this.#world.outboxes.length };
    }
    if (entries.length === 0) {
      const claimable = this.#open().filter(
        (known) => known.claimed === undefined && known.availableAt <= this.#now && this.#before(known).length === 0,
      );
      expect(claimable, 'the claim was empty').toEqual([]);
    }
  }

  async #settle({ how, pick, delayMs }: Extract<Command, { do: 'settle' }>): Promise<void> {
    const held = this.#held().filter(({ claimed }) => claimed?.by !== undefined);
    const known = held[pick % held.length];
    if (known !== undefined) await this.#end(known, how, delayMs);
  }

  async #end(known: Known, how: 'ack' | 'deadLetter' | 'release', delayMs = 0): Promise<void> {
    const outbox = this.#outbox(known.claimed!.by!);
    const entries = [known.claimed!.entry];
    known.claimed = undefined;
    if (how === 'release') {
      known.availableAt = this.#now + delayMs;
      await outbox.release(entries, delayMs);
      return;
    }
    known.isSettled = true;
    if (how === 'ack') await outbox.ack(entries);
    else await outbox.deadLetter(entries, UNDELIVERED);
  }

  #advance(ms: number): void {
    this.#now += ms;
    this.#world.advance(ms);
    for (const known of this.#held()) if (known.claimed!.until <= this.#now) known.claimed = undefined;
  }

  #open(): Known[] {
    return [...this.#known.values()].filter(({ isSettled }) => !isSettled);
  }

  #held(): Known[] {
    return this.#open().filter(({ claimed }) => claimed !== undefined);
  }

  /** The unsettled identifies that came before it and share a name with it. */
  #before({ order, entry }: Known): Known[] {
    const names = new Set(identifiersOf(entry));
    return this.#open().filter(
      (other) =>
        other.order < order &&
        other.entry.kind === 'identify' &&
        identifiersOf(other.entry).some((one) => names.has(one)),
    );
  }
}
