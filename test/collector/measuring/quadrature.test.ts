import { describe, expect, it } from 'vitest';
import { integrate, RULE } from '../../../src/collector/measuring/quadrature.js';

describe('the quadrature', () => {
  it('is exact for polynomials up to degree 31', () => {
    expect(integrate((x) => x ** 30, -1, 1)).toBeCloseTo(2 / 31, 14);
    expect(integrate((x) => x ** 31 + x ** 2, 0, 1)).toBeCloseTo(1 / 32 + 1 / 3, 14);
  });

  it('has weights of 2 in total, and symmetric nodes in ascending order', () => {
    expect(RULE.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(2, 14);
    expect(RULE.nodes).toEqual(RULE.nodes.toSorted((a, b) => a - b));
    RULE.nodes.forEach((node, k) => {
      expect(node).toBeCloseTo(-RULE.nodes.at(-1 - k)!, 14);
    });
  });

  it('has partial weights that integrate up to each node', () => {
    RULE.nodes.forEach((node, k) => {
      const sum = RULE.partial[k]!.reduce((total, weight, m) => total + weight * RULE.nodes[m]! ** 2, 0);
      expect(sum).toBeCloseTo((node ** 3 + 1) / 3, 13);
    });
  });
});
