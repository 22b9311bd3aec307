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
