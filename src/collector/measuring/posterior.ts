import { integrate } from './quadrature.js';

/** What one variant has seen; `conversions` are among the `impressions`. */
export interface Arm {
  readonly conversions: number;
  readonly impressions: number;
}

/** What is known of a conversion rate under a uniform prior [A]: Beta(1 + c, 1 + n − c), not normalised. */
export interface Posterior {
  /** Relative to the mode, so that no gamma function is needed and nothing overflows. */
  readonly density: (rate: number) => number;
  /** One standard deviation. */
  readonly step: number;
  /** Cuts the part that matters into steps so short that a polynomial follows the density to its last digits. */
  readonly edges: readonly number[];
}

// Beyond it a density has fallen to 1e-26 of its mode and adds nothing a double could hold beside the rest.
const NEGLIGIBLE_LOG_DENSITY = -60;

/** The posterior of an arm. */
export function posteriorOf({ conversions, impressions }: Arm): Posterior {
  const misses = impressions - conversions;
  const mode = impressions === 0 ? 0 : conversions / impressions;
  // Measured from the mode, where the two terms cancel to first order; plain logarithms would leave rounding noise.
  const logDensity = (rate: number): number => {
    const ofHits = conversions === 0 ? 0 : conversions * Math.log1p((rate - mode) / mode);
    const ofMisses = misses === 0 ? 0 : misses * Math.log1p((mode - rate) / (1 - mode));
    return ofHits + ofMisses;
  };
  const [a, b] = [conversions + 1, misses + 1];
  const step = Math.sqrt((a * b) / (a + b + 1)) / (a + b);
  const matters = (rate: number): boolean => logDensity(rate) > NEGLIGIBLE_LOG_DENSITY;
  const edges = [mode];
  while (edges[0]! > 0 && matters(edges[0]!)) edges.unshift(Math.max(0, edges[0]! - step));
  while (edges.at(-1)! < 1 && matters(edges.at(-1)!)) edges.push(Math.min(1, edges.at(-1)! + step));
  return { density: (rate) => Math.exp(logDensity(rate)), step, edges };
}

/** The equal-tailed 95 % interval of an arm's conversion rate. */
export function interval95(arm: Arm): { readonly low: number; readonly high: number } {
  const { density, edges } = posteriorOf(arm);
  const pieces = edges.slice(1).map((edge, i) => integrate(density, edges[i]!, edge));
  const total = pieces.reduce((sum, piece) => sum + piece, 0);
  const quantile = (share: number): number => {
    let missing = share * total;
    let piece = 0;
    while (piece < pieces.length - 1 && missing > pieces[piece]!) missing -= pieces[piece++]!;
    const from = edges[piece]!;
    return bisect((rate) => integrate(density, from, rate) - missing, from, edges[piece + 1]!);
  };
  return { low: quantile(0.025), high: quantile(0.975) };
}

/** The root of a rising function, halved down to neighbouring doubles. */
function bisect(f: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let middle = (low + high) / 2; low < middle && middle < high; middle = (low + high) / 2) {
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return high;
}
