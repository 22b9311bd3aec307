import { describe, expect, it, vi } from 'vitest';
import { GroupCommit } from '../../../src/outbox/durable/group-commit.js';
import { NotAttemptedError, StoreError } from '../../../src/outbox/durable/store-error.js';
import { trackEntry } from '../../support/entries.js';

const away = new Error('the store is away');
const many = (count: number) => Array.from({ length: count }, (_, index) => trackEntry(String(index)));

it('appends of one tick and of a commit under way share the next one, in order', async () => {
  const groups: string[][] = [];
  const commits = new GroupCommit({
    async commit(entries) {
      groups.push(entries.map(({ distinctId }) => distinctId));
      return { dropped: [], duplicates: [], position: groups.length, incarnation: 'one' };
    },
    isTransient: () => false,
  });
  const first = many(3).map((entry) => commits.append([entry]));
  await first[0];
  await Promise.all([...first, ...['a', 'b'].map((id) => commits.append([trackEntry(id)]))]);
  expect(groups).toEqual([
    ['0', '1', '2'],
    ['a', 'b'],
  ]);
});

it('a group is bounded in entries and in bytes', async () => {
  const sizes: number[] = [];
  const commits = new GroupCommit({
    async commit(entries) {
      sizes.push(entries.length);
      return { dropped: [], duplicates: [], position: 1, incarnation: 'one' };
    },
    isTransient: () => false,
  });
  const large = { ...trackEntry('large'), body: new Uint8Array(3 * 1024 * 1024) };
  await Promise.all([
    ...many(1_500).map((entry) => commits.append([entry])),
    ...[large, large, large].map((entry) => commits.append([entry])),
  ]);
  expect(sizes).toEqual([1_000, 502, 1]);
});

it('while the store is away every append fails in its own time, and none is kept longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
  try {
    const commits = new GroupCommit({ commit: () => Promise.reject(away), isTransient: () => true, retryForMs: 1_000 });
    const waits: number[] = [];
    const append = (): void => {
      const startedAt = performance.now();
      // Each would be its own group if they were tried one after the other.
      commits.append(many(1_000)).catch(() => waits.push(performance.now() - startedAt));
    };
    for (let step = 0; step < 40; step += 1) {
      append();
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(3_000);
    expect(waits).toHaveLength(40);
    expect(Math.max(...waits)).toBeLessThan(2_000);
  } finally {
    vi.useRealTimers();
  }
});

describe('an append that fails', () => {
  const nothing = Object.assign(new Error('the store refused it'), { storedNothing: true });
  const doubt = new Error('the connection was lost');
  const errorOf = (append: Promise<unknown>): Promise<unknown> =>
    append.then(
      () => undefined,
      (error) => error,
    );

  /** The commits fail with these errors, one after the other, and the last one for good. */
  function failing(...errors: readonly Error[]) {
    let attempts = 0;
    const commits = new GroupCommit({
      commit: () => Promise.reject(errors[Math.min(attempts++, errors.length - 1)]),
      isTransient: (error) => error !== errors.at(-1) || errors.length === 1,
    });
    return { commits, attempts: () => attempts };
  }

  it('has stored nothing if that is true of every attempt', async () => {
    const final = Object.assign(new Error('no room'), { storedNothing: true });
    expect(await errorOf(failing(nothing, nothing, final).commits.append(many(1)))).toBe(final);
  });

  it('may have stored something if that is true of one attempt, and says why', async () => {
    const final = Object.assign(new Error('no room'), { storedNothing: true });
    expect(await errorOf(failing(nothing, doubt, nothing, final).commits.append(many(1)))).toBe(doubt);
  });

  it('says what the store said last, not that the last attempt came too late to be made', async () => {
    const full = new StoreError('no room', { isTransient: true, storedNothing: true });
    const late = new NotAttemptedError('no reply in the remaining time');
    expect(await errorOf(failing(full, late).commits.append(many(1)))).toBe(full);
  });

  it('is not tried again once the outbox closes', async () => {
    const { commits, attempts } = failing(nothing);
    const error = errorOf(commits.append(many(1)));
    await vi.waitFor(() => expect(attempts()).toBeGreaterThan(0));
    await commits.close();
    expect(await error).toBe(nothing);
    const before = attempts();
    expect(await errorOf(commits.append(many(1)))).toBe(nothing);
    expect(attempts()).toBe(before + 1);
  });
});

it('what waits for a store that is slow stays within 128 MB; more is refused at once, and taken again when there is room', async () => {
  let finish = (): void => undefined;
  const commits = new GroupCommit({
    commit: (entries) =>
      new Promise((resolve) => {
        finish = () => resolve({ dropped: [], duplicates: [], position: entries.length, incarnation: 'one' });
      }),
    isTransient: () => false,
  });
  const megabytes = (count: number) => [{ ...trackEntry('large'), body: new Uint8Array(count * 2 ** 20) }];
  const underWay = commits.append(many(1));
  await new Promise(setImmediate);
  const waiting = commits.append(megabytes(100));
  await expect(commits.append(megabytes(30))).rejects.toThrow(/events arrive faster than the outbox stores them/);
  finish();
  await underWay;
  await new Promise(setImmediate);
  const later = commits.append(megabytes(30));
  finish();
  await waiting;
  await new Promise(setImmediate);
  finish();
  await expect(later).resolves.toMatchObject({ position: 1 });
});
