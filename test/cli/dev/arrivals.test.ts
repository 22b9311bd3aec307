import { describe, expect, it } from 'vitest';
import { createArrivalPrinter, createUnknownKeyPrinter, formatArrival } from '../../../src/cli/dev/arrivals.js';
import type { Arrival, EventLine } from '../../../src/collector/index.js';

const event = { event: 'purchase', userId: 'user-1', email: 'a@example.org', time: 0, receivedAt: 43_200_000 };
const accepted = (number: number): Arrival => ({ kind: 'accepted', event, number });
const lineOf = (number: number): EventLine => ({
  number,
  event,
  visitor: 1,
  verdict: 'counted',
  warnings: [],
  repeats: 0,
  isTest: false,
});

describe('a formatted arrival', () => {
  it('has time, event and verdict, and no personal data', () => {
    const text = formatArrival(accepted(1), lineOf(1));
    expect(text).toMatch(/^12:00:00 {2}purchase +counted: after the impression/);
    expect(text).not.toMatch(/user-1|example/);
  });

  it.each<[Arrival, RegExp]>([
    [accepted(1), / stored$/],
    [{ kind: 'duplicate', event }, / not counted again: this distinctId was already used$/],
    [{ kind: 'refused', message: 'purchase: time: older', receivedAt: 0 }, /^refused {3}purchase: time: older$/],
  ])('of %j', (arrival, expected) => {
    expect(formatArrival(arrival, undefined)).toMatch(expected);
  });
});

it('prints the arrivals of one batch with a single query', async () => {
  const printed: string[] = [];
  const limits: number[] = [];
  const print = createArrivalPrinter((line) => void printed.push(line));
  const recent = (limit: number) => {
    limits.push(limit);
    return [lineOf(2), lineOf(1)];
  };
  for (const number of [1, 2]) print(accepted(number), recent);
  await new Promise((resolve) => setImmediate(resolve));
  expect(limits).toEqual([2]);
  expect(printed).toHaveLength(2);
});

it('prints each unknown key once, and at most 100 keys', () => {
  const printed: string[] = [];
  const print = createUnknownKeyPrinter((line) => void printed.push(line));
  for (let i = 0; i < 300; i++) print(`key-${i >> 1}`, 'http://form');
  expect(printed).toHaveLength(100);
  expect(printed[0]).toBe('no experiment has the key key-0: create it at http://form');
});
