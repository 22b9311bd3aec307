import { describe, expect, it } from 'vitest';
import { audit, type Finding } from './books/audit.js';
import { Books } from './books/books.js';
import { Truth } from './service/truth.js';
import type { Line, Nature, Tracked } from './worker/diary.js';

const WORKER = 'a0';

interface World {
  readonly lines: readonly Line[];
  readonly arrive?: (truth: Truth) => void;
  readonly isVolatile?: boolean;
  readonly isKilled?: boolean;
  readonly inside?: readonly string[];
}

/** Closes the books of one worker. */
function findingsOf({ lines, arrive, isVolatile = false, isKilled = false, inside = [] }: World): string[] {
  const truth = new Truth();
  const books = new Books(truth, isVolatile);
  books.enter(WORKER, lines);
  arrive?.(truth);
  const findings: Finding[] = audit({
    books,
    truth,
    missing: books.missing(() => isKilled),
    inside: new Set(inside),
    isKilled: () => isKilled,
    wasBusyAt: () => false,
  });
  return findings.map(({ kind }) => kind);
}

function tracked(id: string, rest: Partial<Tracked> = {}): Line {
  const usual = {
    kind: 'track',
    nature: 'good' as Nature,
    time: undefined,
    between: undefined,
    after: undefined,
  } as const;
  return ['tracked', { id, key: id, ...usual, ...rest }];
}

const delivered: Line = ['outcome', 'e', 'delivered', '{}'];
const gaveUp = (reason: string): Line => ['outcome', 'e', 'dropped', JSON.stringify({ status: 'dropped', reason })];
const took =
  (distinctId: string, more: object = {}) =>
  (truth: Truth): void =>
    truth.takeTrack({ distinctId, eventProperties: { key: distinctId }, ...more });

describe('the books of a chaos run', () => {
  it('balance when what was promised arrived and what was told is true', () => {
    expect(findingsOf({ lines: [tracked('e'), ['stored', 'e'], delivered], arrive: took('e') })).toEqual([]);
    expect(findingsOf({ lines: [tracked('e'), gaveUp('outbox_failed')] })).toEqual([]);
    expect(findingsOf({ lines: [tracked('e')] })).toEqual([]);
  });

  it('find a confirmed event that never arrived, and whether it is still waiting', () => {
    const lines = [tracked('e'), ['stored', 'e']] as const;
    expect(findingsOf({ lines })).toEqual(['lost']);
    expect(findingsOf({ lines, inside: ['e'] })).toEqual(['stuck']);
  });

  it('ask for every event of a process in memory, unless it was killed or says what it left', () => {
    const lines = [tracked('e')];
    expect(findingsOf({ lines, isVolatile: true })).toEqual(['lost']);
    expect(findingsOf({ lines, isVolatile: true, isKilled: true })).toEqual([]);
    const totals = { delivered: 0, pending: 1, rejected: 0, dropped: 0 };
    expect(findingsOf({ lines: [...lines, ['closed', totals]], isVolatile: true })).toEqual([]);
  });

  it('find what was told wrong, in either direction', () => {
    expect(findingsOf({ lines: [tracked('e'), delivered] })).toEqual(['told wrong']);
    expect(findingsOf({ lines: [tracked('e'), gaveUp('outbox_failed')], arrive: took('e') })).toEqual(['told wrong']);
    const notStored: Line = ['not stored', 'e', 'not_stored', 'dropped'];
    expect(findingsOf({ lines: [tracked('e'), notStored], arrive: took('e') })).toEqual(['told wrong']);
    const rolledBack: Line = ['transaction', ['e'], 'rolled back'];
    expect(findingsOf({ lines: [tracked('e'), rolledBack], arrive: took('e') })).toEqual(['told wrong']);
  });

  it('accept `unknown` for an event that arrives and for one that does not, unless it was confirmed', () => {
    const unknown: Line = ['outcome', 'e', 'unknown', '{}'];
    expect(findingsOf({ lines: [tracked('e'), unknown], arrive: took('e') })).toEqual([]);
    expect(findingsOf({ lines: [tracked('e'), unknown] })).toEqual([]);
    expect(findingsOf({ lines: [tracked('e'), ['stored', 'e'], unknown] })).toEqual(['lost']);
  });

  it('let no reason pass for giving up a good event that was stored', () => {
    expect(findingsOf({ lines: [tracked('e'), ['stored', 'e'], gaveUp('too_old')] })).toEqual(['lost']);
    expect(findingsOf({ lines: [tracked('e', { nature: 'poison' }), ['stored', 'e'], gaveUp('x')] })).toEqual([]);
  });

  it('find an event that has two ids, and an id with two contents', () => {
    const lines = [tracked('e')];
    const twoIds = (truth: Truth): void => {
      for (const distinctId of ['e', 'f']) truth.takeTrack({ distinctId, eventProperties: { key: 'e' } });
    };
    expect(findingsOf({ lines, arrive: twoIds })).toEqual(['doubled']);
    const twoContents = (truth: Truth): void => {
      for (const value of ['1', '2']) truth.takeTrack({ distinctId: 'e', eventProperties: { key: 'e', value } });
    };
    expect(findingsOf({ lines, arrive: twoContents })).toEqual(['doubled']);
  });

  it('find a time that is not the given one', () => {
    const lines = [tracked('e', { time: 1_000, between: [2_000, 2_001] })];
    expect(findingsOf({ lines, arrive: took('e', { time: 1_000 }) })).toEqual([]);
    expect(findingsOf({ lines, arrive: took('e', { time: 1_001 }) })).toEqual(['time']);
  });

  it('find an identify that came after a later one, and an event that overtook its identify', () => {
    const identify = (number: number) => ({
      userId: 'v',
      userProperties: { job_title: String(number), custom_properties: { [`i${number}`]: 'seen' } },
    });
    const backwards = (truth: Truth): void => {
      for (const number of [2, 1]) truth.takeIdentify(identify(number), WORKER);
    };
    expect(findingsOf({ lines: [], arrive: backwards })).toEqual(['order']);
    const again =
      (...numbers: number[]) =>
      (truth: Truth): void => {
        for (const number of [1, 2, ...numbers]) truth.takeIdentify(identify(number), WORKER);
      };
    expect(findingsOf({ lines: [], arrive: again(1) })).toEqual(['order']);
    expect(findingsOf({ lines: [], arrive: again(1, 2) })).toEqual([]);
    const later = tracked('i2', { kind: 'identify' });
    expect(findingsOf({ lines: [later], arrive: again(1) })).toEqual(['order']);
    const undelivered: Line = ['closed', { delivered: 1, pending: 1, rejected: 0, dropped: 0 }];
    expect(findingsOf({ lines: [later, undelivered], arrive: again(1) })).toEqual([]);
    expect(findingsOf({ lines: [later], isKilled: true, arrive: again(1) })).toEqual([]);
    const confirmed = [later, ['stored', 'i2']] as const;
    expect(findingsOf({ lines: confirmed, isKilled: true, arrive: again(1) })).toEqual(['order']);
    const overtaken = (truth: Truth): void => {
      truth.takeTrack({ distinctId: 'e' });
      truth.takeIdentify(identify(1), WORKER);
    };
    expect(findingsOf({ lines: [tracked('e', { after: 'i1' })], arrive: overtaken })).toEqual(['order']);
  });
});
