import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseProbe, createProbeSearch } from '../../src/delivery/probe-search.js';
import { type Entry, identifiersOf } from '../../src/protocol/event.js';
import { identifyEntry, trackEntry } from '../support/entries.js';

const BATCH = { maxEntries: 100, maxBytes: 500_000 };

describe('the window of a probe', () => {
  it('is one batch at first and doubles, up to 3,200 events and four mebibytes', () => {
    const search = createProbeSearch(() => 0);
    const windows = [0, 1, 2, 5, 6, 1_100].map((failedBefore) => search.window(failedBefore, BATCH));
    expect(windows.map(({ maxEntries }) => maxEntries)).toEqual([100, 200, 400, 3_200, 3_200, 3_200]);
    expect(windows.map(({ maxBytes }) => maxBytes)).toEqual([
      500_000, 1_000_000, 2_000_000, 4_194_304, 4_194_304, 4_194_304,
    ]);
  });

  it('holds a whole batch, however large that may be', () => {
    const search = createProbeSearch(() => 0);
    const batch = { maxEntries: 5_000, maxBytes: 10_000_000 };
    expect(search.window(3, batch)).toEqual(batch);
  });

  it('of its full size stays out of sight for twice as long as the search took to come to it', () => {
    let now = 0;
    const search = createProbeSearch(() => now);
    const full = search.window(5, BATCH);
    const skips = [1_000, 2_000, 5_500, 1_000_000].map((at) => {
      now = at;
      return search.skipMs(full, true);
    });
    expect(skips).toEqual([2_000, 4_000, 11_000, 120_000]);
  });

  it('that can still grow stays in sight', () => {
    const search = createProbeSearch(() => 0);
    expect(search.skipMs(search.window(4, BATCH), true)).toBe(0);
  });

  it('at the end of the queue stays in sight, and the search starts again', () => {
    let now = 0;
    const search = createProbeSearch(() => now);
    const full = search.window(5, BATCH);
    search.skipMs(full, true);
    now = 60_000;
    expect(search.skipMs(full, false)).toBe(0);
    expect(search.skipMs(full, true)).toBe(2_000);
  });
});

describe('the event of a probe', () => {
  const entries = ['a', 'b', 'c', 'd'].map((id) => trackEntry(id));

  /** What is chosen when these are the numbers of the last failures, for each pair of chances. */
  function chosen(lastFailures: readonly number[], chances: readonly (readonly [number, number])[]): number[] {
    const lastFailure = ({ distinctId }: Entry): number => lastFailures['abcd'.indexOf(distinctId)]!;
    return chances.map((pair) => {
      const values = pair.values();
      return chooseProbe(entries, lastFailure, () => values.next().value!);
    });
  }
  const anyOf = (first: number): [number, number][] => [0, 0.25, 0.5, 0.75, 0.999].map((second) => [first, second]);

  it('is any of those that have not failed, with the same chance', () => {
    expect(chosen([0, 0, 0, 0], anyOf(0.999))).toEqual([0, 1, 2, 3, 3]);
  });

  it('is the one whose last failure is longest ago where all have failed', () => {
    expect(chosen([7, 3, 9, 4], anyOf(0))).toEqual([1, 1, 1, 1, 1]);
  });

  it('is any of those that failed together longest ago, with the same chance', () => {
    expect(chosen([7, 3, 3, 3], anyOf(0))).toEqual([1, 1, 2, 3, 3]);
  });

  it('is one that has not failed for at least half of the chances', () => {
    expect([0.499, 0.501].map((first) => chosen([7, 3, 0, 4], [[first, 0]])[0])).toEqual([2, 1]);
  });

  it('is one that has not failed for their share of the chances where they are most', () => {
    expect([0.749, 0.751].map((first) => chosen([0, 3, 0, 0], [[first, 0]])[0])).toEqual([0, 1]);
  });

  it('never overtakes an identify of its person', () => {
    const people = fc.subarray(['u1', 'u2', 'u3'], { minLength: 1, maxLength: 2 });
    const entry = fc.record({ isIdentify: fc.boolean(), people });
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (list, chance) => {
          const window = list.map(({ isIdentify, people: [userId, externalId] }, at) =>
            isIdentify
              ? identifyEntry(`e${at}`, { userId: userId!, externalId })
              : trackEntry(`e${at}`, { userId: userId!, externalId }),
          );
          const at = chooseProbe(
            window,
            () => 0,
            () => chance,
          );
          const names = new Set(identifiersOf(window[at]!));
          const overtaken = window
            .slice(0, at)
            .filter((other) => other.kind === 'identify' && identifiersOf(other).some((name) => names.has(name)));
          expect(overtaken).toEqual([]);
        },
      ),
    );
  });
});
