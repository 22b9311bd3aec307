import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parse } from '../../src/collector/parse.js';

describe('parsing input', () => {
  it('names the field and never the value', () => {
    const { problem } = parse(z.object({ card: z.object({ number: z.number() }) }), { card: { number: 'secret' } });
    expect(problem).toMatch(/^card\.number: /);
    expect(problem).not.toContain('secret');
  });

  it('reports at most 20 problems with short lines', () => {
    const keys = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(500, 'x'));
    const { problems } = parse(
      z.record(z.string(), z.number()),
      Object.fromEntries(keys.map((key) => [key, 'no number'])),
    );
    expect(problems).toHaveLength(20);
    expect(Math.max(...problems!.map(({ length }) => length))).toBeLessThanOrEqual(100 + 2 + 200);
  });

  it('survives an object that pretends to have a length', () => {
    const { problem } = parse(z.string().max(3), { length: 'x' });
    expect(problem).toBeDefined();
  });
});
