const ORDER = 16;

/** A rule for integrals over [-1, 1]: nodes, weights, and the integrals from -1 to each node. */
interface Rule {
  readonly nodes: readonly number[];
  readonly weights: readonly number[];
  /** `partial[k][m]`: the weight of the value at node m in the integral from -1 to node k. */
  readonly partial: readonly (readonly number[])[];
}

/** Gauss–Legendre with 16 points, exact for polynomials up to degree 31. */
export const RULE: Rule = gaussLegendre(ORDER);

/** The integral of a smooth `f` from `from` to `to`. */
export function integrate(f: (x: number) => number, from: number, to: number): number {
  const half = (to - from) / 2;
  let sum = 0;
  for (let k = 0; k < ORDER; k++) sum += RULE.weights[k]! * f(from + half * (1 + RULE.nodes[k]!));
  return sum * half;
}

function gaussLegendre(order: number): Rule {
  const nodes = Array.from({ length: order }, (_, k) =>
    rootNear(order, Math.cos((Math.PI * (k + 0.75)) / (order + 0.5))),
  );
  nodes.reverse();
  const weights = nodes.map((x) => {
    const slope = (order * legendre(order - 1, x)) / (1 - x * x);
    return 2 / ((1 - x * x) * slope * slope);
  });
  return { nodes, weights, partial: nodes.map((x) => nodes.map((y, m) => weights[m]! * partialWeight(order, x, y))) };
}

/** Newton's method. From the asymptotic root, a few steps reach full precision. */
function rootNear(order: number, start: number): number {
  let x = start;
  for (let step = 0; step < 8; step++) {
    const slope = (order * (legendre(order - 1, x) - x * legendre(order, x))) / (1 - x * x);
    x -= legendre(order, x) / slope;
  }
  return x;
}

/** Expands the interpolating polynomial in Legendre polynomials, whose integrals are differences of neighbouring ones. */
function partialWeight(order: number, x: number, y: number): number {
  let sum = x + 1;
  for (let n = 1; n < order; n++) sum += legendre(n, y) * (legendre(n + 1, x) - legendre(n - 1, x));
  return sum / 2;
}

function legendre(degree: number, x: number): number {
  let [previous, current] = [1, x];
  if (degree === 0) return previous;
  for (let n = 1; n < degree; n++)
    [previous, current] = [current, ((2 * n + 1) * x * current - n * previous) / (n + 1)];
  return current;
}
