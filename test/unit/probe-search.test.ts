import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseProbe, probeWindow } from '../../src/delivery/probe-search.js';
import { identifiersOf } from '../../src/protocol/event.js';
import { identifyEntry, trackEntry } from './entries.js';

const BATCH = { maxEntries: 100, maxBytes: 500_000 };

describe('the window of a probe', () => {
  it('is one batch at first and doubles up to thirty-two, and to four mebibytes', () => {
    const windows = [0, 1, 2, 5, 6, 1_000].map((failedBefore) => probeWindow(failedBefore, BATCH));
    expect(windows.map(({ maxEntries }) => maxEntries)).toEqual([100, 200, 400, 3_200, 3_200, 3_200]);
    expect(windows.map(({ maxBytes }) => maxBytes)).toEqual([
      500_000, 1_000_000, 2_000_000, 4_194_304, 4_194_304, 4_194_304,
    ]);
  });

  it('holds a whole batch, however large that may be', () => {
    expect(probeWindow(0, { maxEntries: 1, maxBytes: 10_000_000 }).maxBytes).toBe(10_000_000);
  });

  it('stays out of sight once it has its full size, longer with each failure, for a minute at most', () => {
    expect([0, 4, 5, 6, 29, 30, 31].map((failedBefore) => probeWindow(failedBefore, BATCH).skipMs)).toEqual([
      0, 0, 10_000, 12_000, 58_000, 60_000, 60_000,
    ]);
  });
});

describe('the event of a probe', () => {
  const entries = ['a', 'b', 'c', 'd'].map((id) => trackEntry(id));

  it('is any of the window with the same chance', () => {
    const chosen = [0, 0.25, 0.5, 0.75, 0.999, 1].map((chance) =>
      chooseProbe(
        entries,
        () => 0,
        () => chance,
      ),
    );
    expect(chosen).toEqual([0, 1, 2, 3, 3, 3]);
  });

  it('is one of those that failed least often', () => {
    const failures = new Map([
      ['a', 2],
      ['b', 1],
      ['c', 3],
      ['d', 1],
    ]);
    const chosen = [0, 0.4, 0.6, 0.9].map((chance) =>
      chooseProbe(
        entries,
        ({ distinctId }) => failures.get(distinctId)!,
        () => chance,
      ),
    );
    expect(chosen).toEqual([1, 1, 3, 3]);
  });

  it('never overtakes an identify of its person', () => {
    const people = fc.subarray(['u1', 'u2', 'u3'], { minLength: 1, maxLength: 2 });
    const entry = fc.record({ isIdentify: fc.boolean(), people });
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
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
