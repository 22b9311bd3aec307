import { integrate } from './quadrature.js';

/** A split this unlikely means that something filters visitors before they are counted. */
export const MISMATCH_BELOW_P = 0.001;

/**
 * The p value of Pearson's χ² test that `counts` came from `split`, whose shares add up to 1; 1 without counts.
 *
 * The tail of the χ distribution, t^(k−1)·exp(−t²/2), is divided by its total, so no gamma function is needed.
 */
export function sampleRatioP(counts: readonly number[], split: readonly number[]): number {
  // Variants with a weight of 0 are not compared.
  const compared = counts.filter((_, i) => split[i]! > 0);
  const shares = split.filter((share) => share > 0);
  const total = compared.reduce((sum, count) => sum + count, 0);
  const degrees = compared.length - 1;
  if (total === 0 || degrees < 1) return 1;
  const chiSquared = compared.reduce((sum, count, i) => {
    const expected = shares[i]! * total;
    return sum + (count - expected) ** 2 / expected;
  }, 0);

  // A variant with a tiny share was seen: the probability is below the smallest double.
  if (!Number.isFinite(chiSquared)) return 0;

  const mode = Math.sqrt(degrees - 1);
  const density = (t: number): number => {
    const power = degrees === 1 ? 0 : (degrees - 1) * Math.log(t / mode);
    return Math.exp(power - (t * t - mode * mode) / 2);
  };
  const tail = integrateFrom(density, Math.sqrt(chiSquared));
  return tail / integrateFrom(density, 0);
}

// Beyond the mode, the density falls below the smallest double within ten steps.
const STEP = 0.5;

function integrateFrom(density: (t: number) => number, start: number): number {
  let sum = 0;
  for (let from = start, piece = 1; ; from += STEP) {
    const next = integrate(density, from, from + STEP);
    sum += next;
    if (next <= sum * Number.EPSILON && next <= piece) return sum;
    piece = next;
  }
}
