import { describe, expect, it } from 'vitest';
import { identify } from '../../../src/collector/measuring/identity.js';
import type { LogEntry } from '../../../src/collector/measuring/measured-log.js';

const link = (...visitors: [string, ...string[]]): LogEntry => ({ kind: 'link', time: 0, receivedAt: 0, visitors });

describe('visitors', () => {
  it('are one for names that are seen together, before or after', () => {
    const [a, ab, b, c] = identify([link('a'), link('a', 'b'), link('b'), link('c')]);
    expect([ab, b]).toEqual([a, a]);
    expect(c).not.toBe(a);
  });

  it('are one through a chain of any order', () => {
    const links = [link('a', 'b'), link('c', 'd'), link('e', 'f'), link('d', 'e'), link('b', 'c')];
    for (const chain of [links, links.toReversed()]) {
      expect(new Set(identify([...chain, link('f')])).size).toBe(1);
    }
  });

  it('stay apart if they share no name', () => {
    expect(new Set(identify([link('a', 'b'), link('c', 'd'), link('e')])).size).toBe(3);
  });
});
