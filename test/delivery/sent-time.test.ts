import { describe, expect, it } from 'vitest';
import { aheadMs, createResends, isExpired, isRefusedForAge, sentTime } from '../../src/delivery/sent-time.js';
import { type ClockReading, exactReading } from '../../src/protocol/time.js';
import { NOW } from '../protocol/encoding.js';
import { identifyEntry, trackEntry } from '../support/entries.js';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const at = (time: number) => trackEntry('e', { userId: 'v' }, time);
/** A clock whose monotonic part stands at an hour, and that knows the service's to within a second. */
const known: ClockReading = {
  ...exactReading(NOW),
  monotonic: HOUR_MS,
  earliest: NOW - 600,
  latest: NOW + 400,
};
const unknown: ClockReading = {
  ...known,
  earliest: Number.NEGATIVE_INFINITY,
  latest: Number.POSITIVE_INFINITY,
  state: 'unchecked',
};
/** The first half hour was stamped by a clock that was wrong by `ms`. */
const wrongBy = (ms: number, isDoubtful = false): ClockReading => ({
  ...known,
  spans: [{ from: 0, until: HOUR_MS / 2, offset: NOW - HOUR_MS + ms, isDoubtful }],
});

describe('an entry that a clock puts a little ahead', () => {
  it('is held until it is past, unless it is an identify, which has no time on the wire and must stay in front', () => {
    expect(aheadMs(at(NOW + SECOND_MS), known)).toBe(SECOND_MS);
    expect(aheadMs(identifyEntry('v', { userId: 'v' }, {}, NOW + SECOND_MS), known)).toBe(0);
  });
});

describe('the time an event is sent with', () => {
  it('is its own where the service accepts it', () => {
    for (const time of [NOW, NOW + 400, NOW - 1, NOW - 7 * DAY_MS + SECOND_MS]) {
      expect(sentTime(at(time), known)).toBe(time);
      expect(sentTime(at(time), wrongBy(HOUR_MS))).toBe(time);
    }
  });

  it('is its own before the service was heard, whatever it is', () => {
    for (const time of [NOW + 8 * DAY_MS, NOW - 8 * DAY_MS]) expect(sentTime(at(time), unknown)).toBe(time);
  });

  it('is what the right clock showed when a fast one stamped it', () => {
    const tenMinutesIn = NOW - HOUR_MS + 600_000;
    for (const ms of [2 * HOUR_MS, 8 * DAY_MS]) {
      expect(sentTime(at(tenMinutesIn + ms), wrongBy(ms))).toBe(tenMinutesIn);
      expect(sentTime(at(tenMinutesIn + ms), wrongBy(ms, true))).toBe(tenMinutesIn);
    }
  });

  it('is what the right clock showed when a slow one stamped it', () => {
    const tenMinutesIn = NOW - HOUR_MS + 600_000;
    for (const ms of [2 * HOUR_MS, 8 * DAY_MS]) {
      expect(sentTime(at(tenMinutesIn - ms), wrongBy(-ms))).toBe(tenMinutesIn);
    }
  });

  it('is its own when the machine may have slept since, unless the service would refuse that', () => {
    const tenMinutesIn = NOW - HOUR_MS + 600_000;
    expect(sentTime(at(tenMinutesIn - 2 * HOUR_MS), wrongBy(-2 * HOUR_MS, true))).toBe(tenMinutesIn - 2 * HOUR_MS);
    expect(sentTime(at(tenMinutesIn - 8 * DAY_MS), wrongBy(-8 * DAY_MS, true))).toBe(tenMinutesIn);
  });

  it('is as old by the service’s clock as by this machine’s, where only that one accepts it', () => {
    const fast = { ...known, local: NOW + HOUR_MS };
    expect(sentTime(at(NOW + HOUR_MS - 5 * SECOND_MS), fast)).toBe(NOW - 5 * SECOND_MS);
    const slow = { ...known, local: NOW - 8 * DAY_MS };
    expect(sentTime(at(NOW - 8 * DAY_MS - 5 * SECOND_MS), slow)).toBe(NOW - 5 * SECOND_MS);
  });

  it('is the service’s now for a time ahead of every clock', () => {
    for (const ahead of [401, HOUR_MS, 20 * DAY_MS]) {
      const time = sentTime(at(NOW + ahead), known);
      expect(time).toBeLessThanOrEqual(known.earliest);
      expect(time).toBeGreaterThan(known.earliest - SECOND_MS);
    }
  });
});

describe('an event is given up as too old', () => {
  const old = at(NOW - 7 * DAY_MS - 601);

  it('by a confirmed clock, from the first millisecond that is certain', () => {
    expect(isExpired(old, known)).toBe(true);
    expect(isExpired(at(old.time + 1), known)).toBe(false);
  });

  it('by no other clock', () => {
    for (const state of ['provisional', 'disputed'] as const) {
      expect(isExpired(old, { ...known, state })).toBe(false);
    }
    expect(isExpired(old, unknown)).toBe(false);
  });

  it('not because the clock that stamped it was slow', () => {
    expect(isExpired(at(NOW - HOUR_MS - 9 * DAY_MS), wrongBy(-9 * DAY_MS))).toBe(false);
  });

  it('unless it is a person, who has no time', () => {
    expect(isExpired(identifyEntry('i', { userId: 'v' }, {}, old.time), known)).toBe(false);
  });
});

describe('a refused event was too old', () => {
  const saysTime = 'time: more than 7 days old';
  const certain = at(NOW - 7 * DAY_MS - 601);
  /** By the service's clock it may be 400 ms older than by the best guess. */
  const doubtful = at(NOW - 7 * DAY_MS + 100);

  it('if that is certain, whatever the service says', () => {
    for (const state of ['provisional', 'confirmed', 'disputed'] as const) {
      expect(isRefusedForAge(certain, 'no reason given', { ...known, state })).toBe(true);
    }
  });

  it('if that is possible and the service complains about the time', () => {
    expect(isRefusedForAge(doubtful, saysTime, known)).toBe(true);
    expect(isRefusedForAge(doubtful, 'unknown event', known)).toBe(false);
    expect(isRefusedForAge(at(NOW - 7 * DAY_MS + 401), saysTime, known)).toBe(false);
  });

  it('not while the clock is unknown, and never if it is a person, who has no time', () => {
    expect(isRefusedForAge(certain, saysTime, unknown)).toBe(false);
    expect(isRefusedForAge(identifyEntry('i', { userId: 'v' }, {}, certain.time), saysTime, known)).toBe(false);
  });
});

describe('a refused event', () => {
  const message = 'time: in the future';
  const inMs = (time: number, now: ClockReading, sent: ClockReading = known, said = message) =>
    createResends().inMs(at(time), { sent, now, message: said });

  it('is not sent again when its time was past for certain, whatever the service says', () => {
    expect(inMs(NOW - 1_101, known)).toBe(undefined);
    expect(inMs(NOW - 6 * DAY_MS, known)).toBe(undefined);
  });

  it('is sent again at once when its answer corrects its time', () => {
    expect(inMs(NOW + HOUR_MS, known, unknown, 'no reason given')).toBe(0);
    expect(inMs(NOW - HOUR_MS - 9 * DAY_MS, wrongBy(-9 * DAY_MS), unknown, 'no reason given')).toBe(0);
  });

  it('waits until its time is past for certain when the service complains about the time', () => {
    expect(inMs(NOW, known)).toBe(1_100);
    expect(inMs(NOW, known, known, 'unknown event')).toBe(undefined);
  });

  it('is not sent again when it was too old for certain', () => {
    expect(inMs(NOW - 8 * DAY_MS, known)).toBe(undefined);
  });

  it('is sent again while answers disagree about the time', () => {
    expect(inMs(NOW - HOUR_MS, { ...known, state: 'disputed' }, known, 'no reason given')).toBeGreaterThan(0);
  });

  it('waits for an answer that tells the time when none has, such as the first of a process', () => {
    expect(inMs(NOW + HOUR_MS, unknown, unknown)).toBe(2_000);
    expect(inMs(NOW + HOUR_MS, unknown, unknown, 'unknown event')).toBe(undefined);
  });

  it('is not sent again for ever where the service never tells the time', () => {
    const resends = createResends();
    const refused = { sent: unknown, now: unknown, message };
    let times = 0;
    while (resends.inMs(at(NOW), refused) !== undefined) times += 1;
    expect(times).toBe(8);
  });

  it('is not sent again for ever, and counts anew once it was settled', () => {
    const resends = createResends();
    const entry = at(NOW);
    const refused = { sent: known, now: known, message };
    let times = 0;
    while (resends.inMs(entry, refused) !== undefined) times += 1;
    expect(times).toBeGreaterThanOrEqual(3);
    expect(times).toBeLessThanOrEqual(10);
    resends.forget([entry]);
    expect(resends.inMs(entry, refused)).toBe(1_100);
  });

  it('is not sent again as a person, who has no time', () => {
    const person = identifyEntry('i', { userId: 'v' }, {}, NOW + HOUR_MS);
    expect(createResends().inMs(person, { sent: unknown, now: known, message })).toBe(undefined);
  });
});
