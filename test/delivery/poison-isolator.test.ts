import { describe, expect, it } from 'vitest';
import { createPoisonIsolator, type Failure, type PoisonIsolator } from '../../src/delivery/poison-isolator.js';
import type { Entry } from '../../src/protocol/event.js';
import { identifyEntry, trackEntry } from '../support/entries.js';

const tracks = (...ids: string[]): Entry[] => ids.map((id) => trackEntry(id));
const numbered = (count: number): Entry[] => tracks(...Array.from({ length: count }, (_, at) => `e${at}`));

/** An isolator without jitter. */
const isolatorWith = (chance = 0, clock = { now: 0 }): PoisonIsolator =>
  createPoisonIsolator(
    () => chance,
    () => clock.now,
  );

/** A request with these events fails: quickly and with the breaker closed, unless said otherwise. */
function fail(isolator: PoisonIsolator, entries: readonly Entry[], failure: Partial<Failure> = {}): boolean {
  const successesBefore = isolator.successes(entries[0]!.kind);
  return isolator.recordFailure(entries, { successesBefore, isExcused: false, tookMs: 5, ...failure });
}

const sizes = (isolator: PoisonIsolator, entries: readonly Entry[], maxRows = 100): number[] =>
  isolator.isolate({ kind: entries[0]!.kind, entries }, maxRows).map((batch) => batch.entries.length);

describe('events the service fails on', () => {
  it('are not suspected while it takes nothing', () => {
    const isolator = isolatorWith();
    const entries = tracks('a', 'b');
    for (let time = 0; time < 5; time += 1) expect(fail(isolator, entries)).toBe(false);
    expect(entries.some(isolator.isSuspect)).toBe(false);
  });

  it('are suspected once it takes something else, and travel in a tenth, then alone', () => {
    const isolator = isolatorWith();
    const entries = numbered(100);
    fail(isolator, entries);
    isolator.recordSuccess('track');
    expect(entries.every(isolator.isSuspect)).toBe(true);
    expect(sizes(isolator, entries)).toEqual(Array(10).fill(10));
    fail(isolator, entries.slice(0, 10));
    isolator.recordSuccess('track');
    expect(sizes(isolator, entries)).toEqual([...Array(9).fill(10), ...Array(10).fill(1)]);
  });

  it('are suspected at once where it took something else while their request was under way', () => {
    const isolator = isolatorWith();
    const entries = tracks('a', 'b');
    const successesBefore = isolator.successes('track');
    isolator.recordSuccess('track');
    fail(isolator, entries, { successesBefore });
    expect(entries.every(isolator.isSuspect)).toBe(true);
    // One failure is one level, however it is confirmed.
    isolator.recordSuccess('track');
    expect(sizes(isolator, numbered(0).concat(entries), 20)).toEqual([2]);
  });

  it('are not suspected for one failure that an outage explains, but for a second one', () => {
    const isolator = isolatorWith();
    const entries = tracks('a', 'b');
    fail(isolator, entries, { isExcused: true });
    isolator.recordSuccess('track');
    expect(entries.some(isolator.isSuspect)).toBe(false);
    fail(isolator, entries, { isExcused: true });
    expect(entries.every(isolator.isSuspect)).toBe(true);
  });

  it('travel alone after one failure that took long', () => {
    const isolator = isolatorWith();
    const entries = numbered(100);
    fail(isolator, entries, { tookMs: 10_000 });
    isolator.recordSuccess('track');
    expect(sizes(isolator, entries)).toEqual(Array(100).fill(1));
  });

  it('travel alone however often they are suspected', () => {
    const isolator = isolatorWith();
    const entries = tracks('a', 'b');
    for (let time = 0; time < 400; time += 1) {
      fail(isolator, entries);
      isolator.recordSuccess('track');
    }
    expect(sizes(isolator, entries)).toEqual([1, 1]);
  });

  it('are forgotten when they are settled', () => {
    const isolator = isolatorWith();
    const entries = tracks('a');
    fail(isolator, entries);
    isolator.recordSuccess('track');
    isolator.forget(entries, true);
    expect(isolator.isSuspect(entries[0]!)).toBe(false);
    expect(isolator.lastFailure(entries[0]!)).toBe(0);
  });

  it('are judged by events of their own kind; identifies by both, because they hold up events', () => {
    const isolator = isolatorWith();
    const [track] = tracks('a');
    const identify = identifyEntry('b', { userId: 'u' });
    fail(isolator, [track!]);
    isolator.recordSuccess('identify');
    expect(isolator.isSuspect(track!)).toBe(false);
    fail(isolator, [identify]);
    isolator.recordSuccess('track');
    expect(isolator.isSuspect(identify)).toBe(true);
  });

  it('go one by one and in their order when they are identifies', () => {
    const isolator = isolatorWith();
    const entries = ['a', 'b', 'c'].map((id) => identifyEntry(id, { userId: 'u1' }));
    expect(
      isolator
        .isolate({ kind: 'identify', entries }, 100)
        .map((batch) => batch.entries.map((entry) => entry.distinctId)),
    ).toEqual([['a'], ['b'], ['c']]);
  });
});

describe('an event that fails alone', () => {
  it('is proven to be the reason only if the service has taken others since its last failure', () => {
    const isolator = isolatorWith();
    const alone = tracks('a');
    expect(fail(isolator, alone)).toBe(false);
    expect(fail(isolator, alone)).toBe(false);
    isolator.recordSuccess('track');
    expect(fail(isolator, alone)).toBe(true);
    expect(fail(isolator, alone)).toBe(false);
    isolator.recordSuccess('track');
    expect(fail(isolator, tracks('a', 'b'))).toBe(false);
  });

  it('spends a retry each time, unless the failure was not the service’s own', () => {
    const isolator = isolatorWith();
    const [event] = tracks('a');
    expect(isolator.recordSoloFailure(event!, true)).toBe(1);
    expect(isolator.recordSoloFailure(event!, false)).toBe(1);
    expect(isolator.recordSoloFailure(event!, true)).toBe(2);
    expect(isolator.recordRowFailure(event!)).toBe(3);
  });

  it('comes back after half a second, then twice as long each time, up to five minutes', () => {
    const isolator = isolatorWith(1);
    const [event] = tracks('a');
    const delays = Array.from({ length: 12 }, () => {
      isolator.recordSoloFailure(event!, true);
      return isolator.retryDelayMs([event!]);
    });
    expect(delays).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000,
    ]);
  });

  it('is bad from the third time on', () => {
    const isolator = isolatorWith();
    const [event] = tracks('a');
    const hasBad = Array.from({ length: 3 }, () => {
      isolator.recordSoloFailure(event!, false);
      return isolator.hasBad;
    });
    expect(hasBad).toEqual([false, false, true]);
    isolator.forget([event!], true);
    expect(isolator.hasBad).toBe(false);
  });

  it('has its turn at most four times a second together with all other bad events', () => {
    const clock = { now: 0 };
    const isolator = isolatorWith(0, clock);
    const entries = numbered(1_000);
    for (const entry of entries) for (let time = 0; time < 3; time += 1) isolator.recordSoloFailure(entry, false);
    clock.now = 249_999;
    expect(entries.some((entry) => isolator.turnInMs(entry) === 0)).toBe(false);
    clock.now = 250_000;
    expect(entries.every((entry) => isolator.turnInMs(entry) === 0)).toBe(true);
  });

  it('is looked at again within five minutes, however far away its turn is', () => {
    const isolator = isolatorWith(1);
    const entries = numbered(20_000);
    for (const entry of entries) for (let time = 0; time < 3; time += 1) isolator.recordSoloFailure(entry, false);
    expect(isolator.retryDelayMs(entries.slice(0, 1))).toBe(300_000);
    expect(isolator.turnInMs(entries[0]!)).toBe(150_000);
  });

  it('has its turn regardless of slow events of the other kind: others wait for an identify', () => {
    const clock = { now: 0 };
    const isolator = isolatorWith(0, clock);
    const identify = identifyEntry('i', { userId: 'v' });
    for (const entry of [...numbered(100), identify]) {
      fail(isolator, [entry], { tookMs: 10_000 });
      isolator.recordSoloFailure(entry, false);
    }
    clock.now = 40_000;
    expect(isolator.turnInMs(identify)).toBe(0);
    expect(isolator.turnInMs(numbered(1)[0]!)).toBeGreaterThan(0);
  });

  it('has its turn sooner once others that were bad pass, and later once they fail again', () => {
    const clock = { now: 0 };
    const isolator = isolatorWith(0, clock);
    const entries = numbered(1_000);
    for (const entry of entries) for (let time = 0; time < 3; time += 1) isolator.recordSoloFailure(entry, false);
    const last = entries.pop()!;
    const isTurnAt = (ms: number): boolean => {
      clock.now = ms;
      return isolator.turnInMs(last) === 0;
    };
    expect(isTurnAt(60_000)).toBe(false);
    isolator.forget(entries.splice(0, 20), true);
    expect(isTurnAt(60_000)).toBe(true);
    clock.now = 0;
    for (const entry of entries.slice(0, 20)) isolator.recordSoloFailure(entry, false);
    expect(isTurnAt(60_000)).toBe(false);
    isolator.forget(entries.splice(20, 40), false);
    expect(isTurnAt(60_000)).toBe(false);
  });
});

it('events that fail alone and slowly leave the senders free for four times as long as all of them take', () => {
  const clock = { now: 0 };
  const isolator = isolatorWith(0, clock);
  const alone = (entry: Entry, tookMs: number): void => {
    fail(isolator, [entry], { tookMs });
    isolator.recordSoloFailure(entry, false);
  };
  const isTurnAt = (entry: Entry, ms: number): boolean => {
    clock.now = ms;
    return isolator.turnInMs(entry) === 0;
  };
  const [slow, slower, quick] = tracks('a', 'b', 'c');
  alone(slow!, 10_000);
  alone(slower!, 10_000);
  alone(slower!, 20_000);
  for (const entry of numbered(100)) alone(entry, 5);
  alone(quick!, 5);
  const freeMs = 4 * (30_000 + 101 * 5);
  expect([freeMs - 1, freeMs].map((ms) => isTurnAt(slow!, ms))).toEqual([false, true]);
  expect(isTurnAt(quick!, 1_000)).toBe(true);
  isolator.forget([slower!], false);
  const lessMs = 4 * (10_000 + 101 * 5);
  expect([lessMs - 1, lessMs].map((ms) => isTurnAt(slow!, ms))).toEqual([false, true]);
});

it('events in trouble come back more slowly the more there are of them, up to ten seconds', () => {
  const delayOf = (count: number): number => {
    const isolator = isolatorWith();
    fail(isolator, numbered(count));
    return isolator.retryDelayMs(tracks('e0', 'e1'));
  };
  expect([10, 1_000, 100_000].map(delayOf)).toEqual([20, 2_000, 10_000]);
});

it('a history longer than a full memory outbox forgets its oldest event', () => {
  const isolator = isolatorWith();
  fail(isolator, numbered(100_000));
  fail(isolator, tracks('one more'));
  expect(isolator.lastFailure(trackEntry('e0'))).toBe(0);
  expect(isolator.lastFailure(trackEntry('e1'))).toBe(1);
});

describe('events whose end this process does not see, because another one settled them,', () => {
  const MINUTE = 60_000;
  const DAY = 24 * 60 * MINUTE;

  function afterwards(lastsMs: number, everyMs = MINUTE) {
    const clock = { now: 0 };
    const isolator = isolatorWith(0, clock);
    const [alone, ...together] = numbered(101);
    fail(isolator, together);
    fail(isolator, [alone!]);
    isolator.recordSuccess('track');
    for (let time = 0; time < 3; time += 1) isolator.recordSoloFailure(alone!, true);
    for (let ms = 0; ms < lastsMs; ms += everyMs) {
      clock.now += everyMs;
      isolator.recordSuccess('track');
    }
    return { isolator, alone: alone!, together };
  }

  it('are forgotten a quarter of an hour later, so that they do not delay other retries', () => {
    const { isolator, together } = afterwards(17 * MINUTE);
    expect(together.some(isolator.isSuspect)).toBe(false);
    fail(isolator, tracks('x', 'y'));
    expect(isolator.retryDelayMs(tracks('x', 'y'))).toBe(3 * 2);
  });

  it('are remembered for a day if their row failed, because each process sees them rarely', () => {
    const clock = { now: 0 };
    const isolator = isolatorWith(0, clock);
    const [row] = tracks('row');
    for (let day = 1; day <= 3; day += 1) {
      expect(isolator.recordRowFailure(row!)).toBe(day);
      for (let hour = 0; hour < 92; hour += 1) {
        clock.now += 15 * MINUTE;
        isolator.recordSuccess('track');
      }
    }
  });

  it('are remembered for a day if they failed alone, and then no longer count as bad', () => {
    expect(afterwards(DAY - 2 * MINUTE).isolator.hasBad).toBe(true);
    const { isolator, alone } = afterwards(DAY + 2 * MINUTE);
    expect(isolator.hasBad).toBe(false);
    expect(isolator.isSuspect(alone)).toBe(false);
  });

  it('are not forgotten because of an outage', () => {
    const { isolator, alone, together } = afterwards(2 * DAY, 2 * DAY);
    expect([alone, ...together].every(isolator.isSuspect)).toBe(true);
  });
});
