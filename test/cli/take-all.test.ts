import { describe, expect, it } from 'vitest';
import { takeAll } from '../../src/cli/take-all.js';
import type { DeadLetters } from '../../src/outbox/outbox.js';

/** Letters of which those that were taken come back at the end. */
function undying(count: number) {
  let ids = Array.from({ length: count }, (_, index) => `e${index}`);
  const taken: string[] = [];
  const letters = {
    count: async () => ids.length,
    list: async ({ limit }: { limit: number }) => ids.slice(0, limit).map((distinctId) => ({ distinctId })),
  } as unknown as DeadLetters;
  const take = async (some: readonly string[]): Promise<number> => {
    taken.push(...some);
    ids = [...ids.filter((id) => !some.includes(id)), ...some];
    return some.length;
  };
  return { letters, take, taken };
}

describe('taking all letters', () => {
  it('takes each once although they come back at once', async () => {
    const { letters, take, taken } = undying(1_203);
    expect(await takeAll(letters, take)).toBe(1_203);
    expect(new Set(taken).size).toBe(1_203);
    expect(taken).toHaveLength(1_203);
  });

  it('ends when somebody else has taken the rest', async () => {
    const letters = { count: async () => 3, list: async () => [] } as unknown as DeadLetters;
    expect(await takeAll(letters, async () => 0)).toBe(0);
  });
});
