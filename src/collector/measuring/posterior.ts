import { OursError } from '../../core/errors.js';
import { integrate } from './quadrature.js';

/** What one variant has seen; `conversions` are among the `impressions`. */
export interface Arm {
  readonly conversions: number;
  readonly impressions: number;
}

/** The share of an arm's impressions that converted, 0–1; 0 without impressions. */
export function conversionRate({ conversions, impressions }: Arm): number {
  return impressions === 0 ? 0 : conversions / impressions;
}

/** What is known of a conversion rate under a uniform prior [A]: Beta(1 + c, 1 + n − c), not normalised. */
export interface Posterior {
  /** Relative to the mode, so that no gamma function is needed and nothing overflows. */
  readonly density: (rate: number) => number;
  readonly mode: number;
  /** One standard deviation. */
  readonly deviation: number;
  /** Where the density is more than a double's zero. */
  readonly low: number;
  readonly high: number;
  /** How far from `rate` upwards a polynomial follows the density to its last digits. */
  readonly stepAt: (rate: number) => number;
}

/** Beyond it `Math.exp` knows only zero. */
const LEAST_LOG_DENSITY = -745;

// A step over which the density changes by more than e^8 asks too much of 16 nodes: the far tails are steep.
const MOST_LOG_CHANGE = 8;

/**
 * The posterior of an arm.
 *
 * @throws {OursError} `invalid_option` for counts that cannot be: for them there is no curve, and cutting it up would never end.
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
  // Measured from the mode, where the two terms cancel to first order; plain logarithms would leave rounding noise.
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
      // Ahead, as at 0 and at 1 the slope is infinite where the density is but a polynomial.
      const ahead = Math.min(rate, 1 - deviation) + deviation / 2;
      const slope = conversions / ahead - misses / (1 - ahead);
      return Math.min(deviation, MOST_LOG_CHANGE / Math.abs(slope));
    },
  };
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Cuts all the rates that matter into panels short enough for each of the posteriors. */
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
 * @throws {OursError} `invalid_option` where there are more conversions than impressions, or a count is no integer of 0 or more.
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

/** The root of a rising function, halved down to neighbouring doubles; an end of the range where there is none. */
function bisect(f: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let middle = (low + high) / 2; low < middle && middle < high; middle = (low + high) / 2) {
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return high;
}
