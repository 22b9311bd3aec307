import { expect, it, vi } from 'vitest';
import { deadline, later, onAbort, sleep } from '../../src/core/timers.js';

it('gives a signal one listener, however many wait on it, and takes it back when the last has left', () => {
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, 'addEventListener');
  const removed = vi.spyOn(signal, 'removeEventListener');
  const forget = Array.from({ length: 20 }, () => onAbort(signal, () => undefined));
  expect(added).toHaveBeenCalledTimes(1);
  for (const one of forget.slice(1)) one();
  expect(removed).not.toHaveBeenCalled();
  forget[0]!();
  forget[0]!();
  expect(removed).toHaveBeenCalledTimes(1);
  onAbort(signal, () => undefined);
  expect(added).toHaveBeenCalledTimes(2);
});

it('calls everything that still waits when the signal aborts, once', () => {
  const controller = new AbortController();
  const called: string[] = [];
  onAbort(controller.signal, () => called.push('first'));
  const forget = onAbort(controller.signal, () => called.push('second'));
  onAbort(controller.signal, () => called.push('third'));
  forget();
  controller.abort();
  controller.abort();
  expect(called).toEqual(['first', 'third']);
});

it('wakes every sleeper of a signal', async () => {
  const controller = new AbortController();
  const sleepers = Promise.all(Array.from({ length: 20 }, () => sleep(2 ** 31, controller.signal)));
  controller.abort();
  await sleepers;
});

it('runs at once what is overdue, and starts no timer with a time that Node warns of', async () => {
  const started = vi.spyOn(globalThis, 'setTimeout');
  await new Promise<void>((resolve) => later(-500, resolve));
  await sleep(-1);
  expect(started.mock.calls.map(([, ms]) => ms)).toEqual([0, 0]);
  started.mockRestore();
});

it('ends a deadline in time, and a cancelled one never', () => {
  vi.useFakeTimers();
  const ended: string[] = [];
  deadline(100, () => ended.push('in time'));
  const cancel = deadline(100, () => ended.push('cancelled'));
  cancel();
  vi.advanceTimersByTime(99);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ended).toEqual(['in time']);
  vi.useRealTimers();
});

it('gives an answer that came while the process stood still as long again, before a deadline ends', async () => {
  const ended: string[] = [];
  deadline(10, () => ended.push('deadline'));
  const cancel = deadline(10, () => ended.push('answered'));
  block(100);
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(ended).toEqual([]);
  cancel();
  await vi.waitFor(() => expect(ended).toEqual(['deadline']));
});

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
