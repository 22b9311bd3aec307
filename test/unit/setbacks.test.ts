import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/delivery/batch.js';
import { Setbacks } from '../../src/delivery/setbacks.js';
import { trackEntry } from './entries.js';

const batchOf = (...ids: string[]): Batch => ({ kind: 'track', entries: ids.map((id) => trackEntry(id)) });
const idsOf = (batches: readonly Batch[]): string[][] =>
  batches.map((batch) => batch.entries.map((entry) => entry.distinctId));

describe('events the service fails on', () => {
  it('are not suspected while it answers nobody', () => {
    const setbacks = new Setbacks();
    for (let i = 0; i < 5; i++) setbacks.note(batchOf('a', 'b').entries, 7);
    expect(setbacks.suspicionOf(batchOf('a', 'b'))).toBe(0);
    expect(idsOf(setbacks.isolate(batchOf('a', 'b'), 100))).toEqual([['a', 'b']]);
  });

  it('are suspected once it has taken others in between, and travel apart, after the unsuspected', () => {
    const setbacks = new Setbacks();
    setbacks.note(batchOf('a', 'b').entries, 7);
    setbacks.note(batchOf('a', 'b').entries, 8);
    expect(setbacks.suspicionOf(batchOf('a', 'b'))).toBe(1);
    expect(setbacks.suspicionOf(batchOf('a', 'c'))).toBe(0);
    expect(idsOf(setbacks.isolate(batchOf('a', 'c', 'b', 'd'), 16))).toEqual([
      ['c', 'd'],
      ['a', 'b'],
    ]);
  });

  it('travel in requests that get smaller until each is alone', () => {
    const setbacks = new Setbacks();
    const batch = batchOf('a', 'b', 'c');
    for (let answers = 1; answers <= 3; answers++) setbacks.note(batch.entries, answers);
    expect(idsOf(setbacks.isolate(batch, 64))).toEqual([['a'], ['b'], ['c']]);
  });

  it('have their failures alone counted, and are forgotten when they end', () => {
    const setbacks = new Setbacks();
    const alone = batchOf('a');
    for (let answers = 1; answers <= 4; answers++) setbacks.note(alone.entries, answers);
    expect(setbacks.failuresAlone(alone.entries[0]!)).toBe(3);
    setbacks.forget(alone.entries);
    expect(setbacks.failuresAlone(alone.entries[0]!)).toBe(0);
    expect(setbacks.suspicionOf(alone)).toBe(0);
  });
});
