import { integrate } from './quadrature.js';

/** A split this unlikely means that something sorts visitors before they are counted. */
export const MISMATCH_BELOW_P = 0.001;

/**
 * The p value of Pearson's χ² test that `counts` came from `split`, whose shares add up to 1; 1 when nothing was counted.
 *
 * The tail is that of the χ distribution, t^(k−1)·exp(−t²/2), divided by its own whole: no gamma function is needed.
 */
export function sampleRatioP(counts: readonly number[], split: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  // A variant that gets nobody by design is no part of the comparison.
  const expected = split.map((share) => share * total);
  const degrees = expected.filter((count) => count > 0).length - 1;
  if (total === 0 || degrees < 1) return 1;
  const chiSquared = counts.reduce((sum, count, i) => {
    return expected[i]! > 0 ? sum + (count - expected[i]!) ** 2 / expected[i]! : sum;
  }, 0);

  const mode = Math.sqrt(degrees - 1);
  const density = (t: number): number => {
    const power = degrees === 1 ? 0 : (degrees - 1) * Math.log(t / mode);
    return Math.exp(power - (t * t - mode * mode) / 2);
  };
  const tail = integrateFrom(density, Math.sqrt(chiSquared));
  return tail / integrateFrom(density, 0);
}

// From wherever it starts beyond the mode, the density has lost everything a double can hold after ten more steps.
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
