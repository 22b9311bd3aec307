import { expect, it, vi } from 'vitest';
import { GroupCommit } from '../../src/outbox/group-commit.js';
import { trackEntry } from '../unit/entries.js';

const away = new Error('the store is away');
const many = (count: number) => Array.from({ length: count }, (_, index) => trackEntry(String(index)));

it('appends of one tick and of a commit under way share the next one, in order', async () => {
  const groups: string[][] = [];
  const commits = new GroupCommit({
    async commit(entries) {
      groups.push(entries.map(({ distinctId }) => distinctId));
      return { dropped: [], duplicates: [], position: groups.length };
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
      return { dropped: [], duplicates: [], position: 1 };
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
      // Each a group of its own, were they tried one after the other.
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

it('what waits for a store that is slow stays within 128 MB; more is refused at once, and taken again when there is room', async () => {
  let finish = (): void => undefined;
  const commits = new GroupCommit({
    commit: (entries) =>
      new Promise((resolve) => {
        finish = () => resolve({ dropped: [], duplicates: [], position: entries.length });
      }),
    isTransient: () => false,
  });
  const megabytes = (count: number) => [{ ...trackEntry('large'), body: new Uint8Array(count * 2 ** 20) }];
  const underWay = commits.append(many(1));
  await new Promise(setImmediate);
  const waiting = commits.append(megabytes(100));
  await expect(commits.append(megabytes(30))).rejects.toThrow(/events come faster than the outbox stores them/);
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
