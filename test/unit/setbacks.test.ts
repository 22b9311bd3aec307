import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/delivery/batch.js';
import { createSetbacks } from '../../src/delivery/setbacks.js';
import { identifyEntry, trackEntry } from './entries.js';

const batchOf = (...ids: string[]): Batch => ({ kind: 'track', entries: ids.map((id) => trackEntry(id)) });
const idsOf = (batches: readonly Batch[]): string[][] =>
  batches.map((batch) => batch.entries.map((entry) => entry.distinctId));

describe('events the service fails on', () => {
  it('are not suspected while it answers nobody', () => {
    const setbacks = createSetbacks();
    for (let i = 0; i < 5; i++) setbacks.note(batchOf('a', 'b').entries, 7, 7);
    expect(setbacks.suspicionOf(batchOf('a', 'b'))).toBe(0);
    expect(idsOf(setbacks.isolate(batchOf('a', 'b'), 100))).toEqual([['a', 'b']]);
  });

  it('are suspected once it has taken others in between, and travel apart, after the unsuspected', () => {
    const setbacks = createSetbacks();
    setbacks.note(batchOf('a', 'b').entries, 7, 7);
    setbacks.note(batchOf('a', 'b').entries, 8, 8);
    expect(setbacks.suspicionOf(batchOf('a', 'b'))).toBe(1);
    expect(setbacks.suspicionOf(batchOf('a', 'c'))).toBe(0);
    expect(idsOf(setbacks.isolate(batchOf('a', 'c', 'b', 'd'), 16))).toEqual([
      ['c', 'd'],
      ['a', 'b'],
    ]);
  });

  it('travel in requests that get smaller until each is alone', () => {
    const setbacks = createSetbacks();
    const batch = batchOf('a', 'b', 'c');
    for (let answers = 1; answers <= 3; answers++) setbacks.note(batch.entries, answers, answers);
    expect(idsOf(setbacks.isolate(batch, 64))).toEqual([['a'], ['b'], ['c']]);
  });

  it('have their failures alone counted, and are forgotten when they end', () => {
    const setbacks = createSetbacks();
    const alone = batchOf('a');
    expect([1, 2, 2, 3].map((answers) => setbacks.note(alone.entries, answers, answers))).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect([3, 4].map((answers) => setbacks.noteAlone(alone.entries[0]!, answers))).toEqual([1, 2]);
    expect(setbacks.note(batchOf('a', 'b').entries, 5, 5)).toBe(false);
    setbacks.forget(alone.entries);
    expect(setbacks.suspicionOf(alone)).toBe(0);
    expect(setbacks.note(alone.entries, 6, 6)).toBe(false);
    expect(setbacks.noteAlone(alone.entries[0]!, 6)).toBe(1);
  });

  it('travel alone however often they are suspected', () => {
    const setbacks = createSetbacks();
    const alone = batchOf('a');
    for (let answers = 1; answers <= 400; answers++) setbacks.note(alone.entries, answers, answers);
    expect(idsOf(setbacks.isolate(batchOf('a', 'b'), 100))).toEqual([['b'], ['a']]);
  });

  it('are suspected at the first failure when it took others while their request was under way', () => {
    const setbacks = createSetbacks();
    expect(setbacks.note(batchOf('a', 'b').entries, 7, 9)).toBe(false);
    expect(setbacks.suspicionOf(batchOf('a', 'b'))).toBe(1);
    expect(setbacks.note(batchOf('c').entries, 7, 9)).toBe(true);
  });

  it('are counted one by one where the answer names them, and need not travel apart', () => {
    const setbacks = createSetbacks();
    const [a, b] = batchOf('a', 'b').entries;
    expect([setbacks.noteAlone(a!, 1), setbacks.noteAlone(a!, 2), setbacks.noteAlone(b!, 2)]).toEqual([1, 2, 1]);
    expect(idsOf(setbacks.isolate(batchOf('a', 'b', 'c'), 100))).toEqual([['a', 'b', 'c']]);
  });

  it('are suspected in any order of strength', () => {
    const setbacks = createSetbacks();
    const entries = Array.from({ length: 11 }, (_, at) => batchOf(`e${at}`).entries[0]!);
    for (let answers = 1; answers <= 11; answers++) setbacks.note(entries.slice(0, answers), answers, answers);
    const batches = setbacks.isolate({ kind: 'track', entries }, 8 ** 11);
    expect(idsOf(batches).map(([id]) => id)).toEqual(entries.map(({ distinctId }) => distinctId).toReversed());
  });

  it('travel one by one when they are identifies, in their order, and together while nobody is suspected', () => {
    const setbacks = createSetbacks();
    const entries = ['a', 'b', 'c'].map((id) => identifyEntry(id, { userId: 'u1' }));
    setbacks.note(entries, 1, 1);
    expect(idsOf(setbacks.isolate({ kind: 'identify', entries }, 1))).toEqual([['a', 'b', 'c']]);
    setbacks.note(entries.slice(1, 2), 2, 2);
    expect(idsOf(setbacks.isolate({ kind: 'identify', entries }, 100))).toEqual([['a'], ['b'], ['c']]);
  });
});
