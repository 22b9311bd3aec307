import { type Arm, edgesOf, posteriorOf } from '../measuring/posterior.js';
import { integrate } from '../measuring/quadrature.js';

const POINTS = 120;

// Beyond four standard deviations a curve is indistinguishable from the axis.
const REACH = 4;

// A narrow curve next to a wide one needs extra points: this many per standard deviation.
const DENSE = 5;

/** The curves of all arms over the same rates. */
export interface Curves {
  /** Conversion rates, 0–1, ascending. */
  readonly rates: readonly number[];
  /** The density of each arm at every rate. The area under each curve is 1. */
  readonly densities: readonly (readonly number[])[];
}

/** The posterior of every arm's conversion rate, as curves over the same rates. */
export function posteriorCurves(arms: readonly Arm[]): Curves {
  const posteriors = arms.map((arm) => {
    const posterior = posteriorOf(arm);
    const { density, mode, deviation } = posterior;
    const edges = edgesOf([posterior]);
    const area = edges.slice(1).reduce((sum, edge, i) => sum + integrate(density, edges[i]!, edge), 0);
    return { mode, deviation, density: (rate: number) => density(rate) / area };
  });
  const low = Math.max(0, Math.min(...posteriors.map(({ mode, deviation }) => mode - REACH * deviation)));
  const high = Math.min(1, Math.max(...posteriors.map(({ mode, deviation }) => mode + REACH * deviation)));
  const regular = Array.from({ length: POINTS }, (_, i) => low + ((high - low) * i) / (POINTS - 1));
  const own = posteriors.flatMap(({ mode, deviation }) => {
    return Array.from({ length: 2 * REACH * DENSE + 1 }, (_, i) => mode + (i / DENSE - REACH) * deviation);
  });
  const rates = [...new Set([...regular, ...own])].filter((rate) => rate >= low && rate <= high).sort((a, b) => a - b);
  return { rates, densities: posteriors.map(({ density }) => rates.map(density)) };
}
