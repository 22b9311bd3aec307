import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Undelivered } from '../../src/core/outcome.js';
import type { WhenFull } from '../../src/outbox/memory.js';
import type { ClaimOptions, Outbox } from '../../src/outbox/outbox.js';
import { type Entry, identifiersOf } from '../../src/protocol/event.js';
import { outboxContract } from '../../src/testing/index.js';
import { identifyEntry, idsOf, trackEntry, type Who } from '../support/entries.js';

/** How a test sets up an empty outbox. */
export interface OutboxSetup {
  /** The clock for leases and delays, in milliseconds. */
  readonly now: () => number;
  readonly maxQueueSize?: number;
  readonly maxQueueBytes?: number;
  readonly whenFull?: WhenFull;
}

export type CreateOutbox = (setup: OutboxSetup) => Outbox | Promise<Outbox>;

export interface OutboxTraits {
  /** Which entries it can drop above `maxQueueSize` and `maxQueueBytes`. */
  readonly drops: readonly WhenFull[];
  /** Runs of the property test. @default 100 */
  readonly runs?: number;
}

export const LEASE_MS = 10_000;
export const EVERYTHING: ClaimOptions = { maxEntries: 1e6, maxBytes: 1e9, leaseMs: LEASE_MS };
export const UNDELIVERED: Undelivered = { status: 'dropped', reason: 'retries_exhausted' };
const visitor: Who = { userId: 'u1' };

/** The published contract, and what it leaves to the tests of each outbox. */
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
    it.each(outboxContract)('$name', ({ run }) => run(({ now }) => create({ now })));

    it('holds a hundred thousand entries and returns each of them once', async () => {
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

  describe(`the ${name} outbox, under any sequence of calls,`, () => {
    it('loses no entry, never gives one to two claims at once, and keeps the order of every person', async () => {
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

    it.runIf(drops.includes('drop-oldest'))('and an entry larger than the limit drops no other entry', async () => {
      const { outbox, claim } = await opened({ maxQueueBytes: 3 * size, whenFull: 'drop-oldest' });
      await outbox.append(abc());
      const huge = trackEntry('x'.repeat(4 * size));
      expect(idsOf((await outbox.append([huge])).dropped)).toEqual([huge.distinctId]);
      expect(idsOf(await claim())).toEqual(['a', 'b', 'c']);
    });

    it.runIf(drops.includes('drop-oldest'))('counting claimed entries, which are never dropped', async () => {
      const { outbox, claim } = await opened({ maxQueueSize: 2, whenFull: 'drop-oldest' });
      await outbox.append(abc().slice(0, 2));
      const claimed = await claim();
      expect(idsOf((await outbox.append([trackEntry('c')])).dropped)).toEqual(['c']);
      await outbox.release(claimed, 0);
      expect(idsOf(await claim())).toEqual(['a', 'b']);
    });

    it('and has room again after settling', async () => {
      const { outbox, claim } = await opened({ maxQueueSize: 1, maxQueueBytes: size });
      await outbox.append([trackEntry('a')]);
      await outbox.ack(await claim());
      expect(await outbox.append([trackEntry('b')])).toMatchObject({ dropped: [] });
    });

    it.runIf(drops.includes('drop-oldest'))('and a dropped identify blocks no later event', async () => {
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
/** A call for {@link Model.run}. */
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

/** One store, its handles, and its clock. */
export interface World {
  readonly outboxes: readonly Outbox[];
  readonly advance: (ms: number) => void;
  /** Replaces a handle that is never used again, as if its process had died. */
  readonly crash?: (index: number) => Promise<void>;
}

interface Claimed {
  readonly entry: Entry;
  readonly until: number;
  /** The handle that claimed it; `undefined` after a crash. */
  by: number | undefined;
}

/** The model of an appended entry. */
interface Known {
  readonly sequence: number;
  readonly entry: Entry;
  /** The claimed entry, while its lease lasts. */
  claimed: Claimed | undefined;
  availableAt: number;
  isSettled: boolean;
}

/** The contract as a list with flags: slow, and simple enough to be correct. */
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

  /** Every appended entry is returned in the end, until it is settled and never after. */
  async drain(): Promise<void> {
    for (let round = 0; this.#open().length > 0; round += 1) {
      expect(round, 'entries are left that cannot be claimed').toBeLessThan(1 + this.#known.size);
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
      const sequence = this.#known.size;
      this.#known.set(entry.distinctId, { sequence, entry, claimed: undefined, availableAt: 0, isSettled: false });
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
      expect(known, 'it was never appended').toBeDefined();
      expect(known.isSettled, 'it was settled').toBe(false);
      expect(known.claimed, 'another claim holds it').toBeUndefined();
      expect(known.availableAt, 'it is delayed').toBeLessThanOrEqual(this.#now);
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

  /** Earlier unsettled identifies that share a name with it. */
  #before({ sequence, entry }: Known): Known[] {
    const names = new Set(identifiersOf(entry));
    return this.#open().filter(
      (other) =>
        other.sequence < sequence &&
        other.entry.kind === 'identify' &&
        identifiersOf(other.entry).some((one) => names.has(one)),
    );
  }
}
