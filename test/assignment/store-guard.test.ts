import { expect, it } from 'vitest';
import { createStoreGuard } from '../../src/assignment/store-guard.js';
import { createWarnOnce } from '../../src/core/logger.js';

function world() {
  const store = { claim: async () => true };
  const warnings: string[] = [];
  const clock = { now: 0 };
  const monotonic = () => clock.now;
  const logger = { warn: (message: string) => void warnings.push(message), debug: () => undefined };
  const open = () =>
    createStoreGuard(store, { timeoutMs: 60_000, monotonic, warnings: createWarnOnce(logger, monotonic) });
  return { clock, warnings, open, guard: open() };
}
const fail = () => Promise.reject(new Error('connection refused'));

it('passes answers through while the store works', async () => {
  const { guard, warnings } = world();
  expect([await guard.ask(async () => 'answer'), guard.isOpen, warnings]).toEqual(['answer', true, []]);
});

it('pauses after a failure, twice as long after each further one, up to a minute', async () => {
  const { guard, clock, warnings } = world();
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    expect(await guard.ask(fail)).toBeUndefined();
    clock.now += pauseMs - 1;
    expect(guard.isOpen).toBe(false);
    clock.now += 1;
    expect(guard.isOpen).toBe(true);
  }
  expect(warnings).toHaveLength(1);
});

it('lets one call try after a pause, and resumes once it is answered', async () => {
  const { guard, clock } = world();
  await guard.ask(fail);
  clock.now += 1_000;
  let answer = (_: string): void => undefined;
  const trying = guard.ask(() => new Promise<string>((resolve) => (answer = resolve)));
  expect(await guard.ask(async () => expect.unreachable())).toBeUndefined();
  answer('works');
  expect([await trying, guard.isOpen]).toEqual(['works', true]);
});

it('counts concurrent failures once', async () => {
  const { guard, clock } = world();
  await Promise.all([guard.ask(fail), guard.ask(fail), guard.ask(fail)]);
  clock.now += 1_000;
  expect(guard.isOpen).toBe(true);
});

it('shares the state of a store between its clients', async () => {
  const { guard, open } = world();
  await guard.ask(fail);
  expect(open().isOpen).toBe(false);
});
