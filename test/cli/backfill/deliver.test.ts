import { describe, expect, it } from 'vitest';
import { createPace } from '../../../src/cli/backfill/deliver.js';

/** A pace with a clock that only waiting and `pass` move. */
function paced(rate: number | undefined) {
  let at = 0;
  const waits: number[] = [];
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms);
    at += ms;
  };
  const pass = (ms: number): void => {
    at += ms;
  };
  const pace = createPace(rate, new AbortController().signal, { now: () => at, wait });
  return { pace, waits, pass, time: () => at };
}

describe('the pace of a backfill', () => {
  it('spreads events evenly over the time', async () => {
    const { pace, waits, time } = paced(100);
    for (let i = 0; i < 50; i++) await pace();
    expect(waits).toEqual(Array(49).fill(10));
    expect(time()).toBe(490);
  });

  it('catches up by at most one second after a pause', async () => {
    const { pace, waits, pass } = paced(100);
    await pace();
    pass(60_000);
    for (let i = 0; i < 101; i++) await pace();
    expect(waits).toEqual([]);
    await pace();
    expect(waits).toEqual([10]);
  });

  it('does not wait without a rate', () => {
    const { pace, waits } = paced(undefined);
    for (let i = 0; i < 50; i++) expect(pace()).toBeUndefined();
    expect(waits).toEqual([]);
  });
});
