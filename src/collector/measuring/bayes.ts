import { type Arm, edgesOf, posteriorOf } from './posterior.js';
import { RULE } from './quadrature.js';

/** How the variants compare, in the order of the arms. */
export interface Comparison {
  readonly probabilityToBeBest: readonly number[];
  /** How much the best rate exceeds this arm's rate on average: the cost of choosing this arm. */
  readonly expectedLoss: readonly number[];
}

/** The posterior of one arm at every node of the grid, normalised. */
interface Sampled {
  readonly density: Float64Array;
  /** The probability that the rate is below the node. */
  readonly below: Float64Array;
  /** The probability that the rate is above the node, summed from the upper end: 1 − below would round small values to 0. */
  readonly above: Float64Array;
}

/**
 * Compares conversion rates by quadrature instead of sampling, so that equal counts always give equal results.
 *
 * P(i is best) = ∫ fᵢ ∏ⱼ Fⱼ and the expected loss = ∫ Fᵢ (1 − ∏ⱼ Fⱼ), j ≠ i, with Fⱼ summed on the same grid.
 *
 * @throws {OursError} `invalid_option` if an arm has more conversions than impressions, or a count is not an integer ≥ 0.
 */
export function compareArms(arms: readonly Arm[]): Comparison {
  const posteriors = arms.map(posteriorOf);
  const edges = edgesOf(posteriors);
  const sampled = posteriors.map(({ density }) => sample(density, edges));
  const probabilityToBeBest = arms.map(() => 0);
  const expectedLoss = arms.map(() => 0);

  eachNode(edges, (node, _rate, weight) => {
    for (const [i, { density, below }] of sampled.entries()) {
      let allOthersBelow = 1;
      // Summed up, because 1 − allOthersBelow would round small values to 0.
      let anOtherAbove = 0;
      for (let j = 0; j < sampled.length; j++) {
        if (j === i) continue;
        allOthersBelow *= sampled[j]!.below[node]!;
        anOtherAbove += (1 - anOtherAbove) * sampled[j]!.above[node]!;
      }
      probabilityToBeBest[i]! += weight * density[node]! * allOthersBelow;
      expectedLoss[i]! += weight * below[node]! * anOtherAbove;
    }
  });
  return { probabilityToBeBest, expectedLoss };
}

/** [A] With less in any arm, a comparison is mostly chance. */
export const ENOUGH: Readonly<Record<'impressions' | 'conversions' | 'misses', number>> = {
  impressions: 100,
  conversions: 5,
  misses: 5,
};

/** Returns whether every arm has enough data for a meaningful comparison. */
export function hasEnoughData(arms: readonly Arm[]): boolean {
  const isEnough = ({ impressions, conversions }: Arm): boolean =>
    impressions >= ENOUGH.impressions &&
    conversions >= ENOUGH.conversions &&
    impressions - conversions >= ENOUGH.misses;
  return arms.length > 0 && arms.every(isEnough);
}

function eachNode(edges: readonly number[], visit: (node: number, rate: number, weight: number) => void): void {
  for (let panel = 0; panel + 1 < edges.length; panel++) {
    const from = edges[panel]!;
    const half = (edges[panel + 1]! - from) / 2;
    RULE.nodes.forEach((x, k) => {
      visit(panel * RULE.nodes.length + k, from + half * (1 + x), half * RULE.weights[k]!);
    });
  }
}

function sample(posterior: (rate: number) => number, edges: readonly number[]): Sampled {
  const order = RULE.nodes.length;
  const panels = edges.length - 1;
  const density = new Float64Array(panels * order);
  const masses = new Float64Array(panels);
  eachNode(edges, (node, rate, weight) => {
    density[node] = posterior(rate);
    masses[Math.floor(node / order)]! += weight * density[node]!;
  });
  const total = masses.reduce((sum, mass) => sum + mass, 0);

  const below = new Float64Array(panels * order);
  const above = new Float64Array(panels * order);
  let before = 0;
  for (let panel = 0; panel < panels; panel++) {
    const half = (edges[panel + 1]! - edges[panel]!) / 2;
    RULE.partial.forEach((row, k) => {
      const within = half * row.reduce((sum, weight, m) => sum + weight * density[panel * order + m]!, 0);
      below[panel * order + k] = (before + within) / total;
      above[panel * order + k] = masses[panel]! - within;
    });
    before += masses[panel]!;
  }
  let after = 0;
  for (let panel = panels - 1; panel >= 0; panel--) {
    for (let node = panel * order; node < (panel + 1) * order; node++) above[node] = (after + above[node]!) / total;
    after += masses[panel]!;
  }
  return { density: density.map((value) => value / total), below, above };
}
