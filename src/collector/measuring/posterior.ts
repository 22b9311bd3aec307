import { OursError } from '../../core/errors.js';
import { integrate } from './quadrature.js';

/** The counts of one variant. Each conversion is also an impression. */
export interface Arm {
  readonly conversions: number;
  readonly impressions: number;
}

/** The share of an arm's impressions that converted, 0–1; 0 without impressions. */
export function conversionRate({ conversions, impressions }: Arm): number {
  return impressions === 0 ? 0 : conversions / impressions;
}

/** The posterior of a conversion rate under a uniform prior [A]: Beta(1 + c, 1 + n − c), not normalised. */
export interface Posterior {
  /** Relative to the mode, so that no gamma function is needed and nothing overflows. */
  readonly density: (rate: number) => number;
  readonly mode: number;
  /** One standard deviation. */
  readonly deviation: number;
  /** The range in which the density is greater than 0 as a double. */
  readonly low: number;
  readonly high: number;
  /** How far above `rate` a polynomial approximates the density to full precision. */
  readonly stepAt: (rate: number) => number;
}

/** Below it `Math.exp` returns 0. */
const LEAST_LOG_DENSITY = -745;

// 16 nodes cannot follow a density that changes by more than e^8, as it does in the steep tails.
const MOST_LOG_CHANGE = 8;

/**
 * The posterior of an arm.
 *
 * @throws {OursError} `invalid_option` for invalid counts, for which splitting the curve would never end.
 */
export function posteriorOf(arm: Arm): Posterior {
  const { conversions, impressions } = arm;
  if (![conversions, impressions].every(isCount) || conversions > impressions) {
    throw new OursError(
      'invalid_option',
      `an arm's conversions must be an integer from 0 to its impressions; got ${conversions} of ${impressions}.`,
    );
  }
  const misses = impressions - conversions;
  const mode = conversionRate(arm);
  // Relative to the mode, where the two terms cancel to first order. Plain logarithms would leave rounding errors.
  const logDensity = (rate: number): number => {
    const ofHits = conversions === 0 ? 0 : conversions * Math.log1p((rate - mode) / mode);
    const ofMisses = misses === 0 ? 0 : misses * Math.log1p((mode - rate) / (1 - mode));
    return ofHits + ofMisses;
  };
  const [a, b] = [conversions + 1, misses + 1];
  const deviation = Math.sqrt((a * b) / (a + b + 1)) / (a + b);
  const low = bisect((rate) => logDensity(rate) - LEAST_LOG_DENSITY, 0, mode);
  const high = bisect((rate) => LEAST_LOG_DENSITY - logDensity(rate), mode, 1);
  return {
    density: (rate) => Math.exp(logDensity(rate)),
    mode,
    deviation,
    low,
    high,
    stepAt(rate) {
      if (rate >= high) return Number.POSITIVE_INFINITY;
      if (rate < low) return low - rate;
      // Looks ahead, because at 0 and at 1 the slope of the logarithm is infinite although the density is a polynomial.
      const ahead = Math.min(rate, 1 - deviation) + deviation / 2;
      const slope = conversions / ahead - misses / (1 - ahead);
      return Math.min(deviation, MOST_LOG_CHANGE / Math.abs(slope));
    },
  };
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Splits the relevant rates into panels that are short enough for each of the posteriors. */
export function edgesOf(posteriors: readonly Posterior[]): number[] {
  const end = Math.max(...posteriors.map(({ high }) => high));
  const edges = [Math.min(...posteriors.map(({ low }) => low))];
  for (let at = edges[0]!; at < end; edges.push(at)) {
    at = Math.min(end, ...posteriors.map(({ stepAt }) => at + stepAt(at)));
  }
  return edges;
}

/**
 * The equal-tailed 95 % interval of an arm's conversion rate.
 *
 * @throws {OursError} `invalid_option` for more conversions than impressions, or a count that is not an integer ≥ 0.
 */
export function interval95(arm: Arm): { readonly low: number; readonly high: number } {
  const posterior = posteriorOf(arm);
  const { density } = posterior;
  const edges = edgesOf([posterior]);
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

/** Finds the root of an increasing function by bisection to neighbouring doubles; an end of the range if there is none. */
function bisect(f: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let middle = (low + high) / 2; low < middle && middle < high; middle = (low + high) / 2) {
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return high;
}
