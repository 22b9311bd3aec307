import { hash } from 'node:crypto';

const BITS = 48;

/**
 * A point in [0, 1) that depends on nothing but the salt and the visitor: uniform over visitors, and independent
 * between salts because SHA-256 is.
 */
export function bucketOf(salt: string, visitorId: string): number {
  return hash('sha256', `${salt}:${visitorId}`, 'buffer').readUIntBE(0, BITS / 8) / 2 ** BITS;
}

/** What bucketing needs of an experiment; shares add up to 1. */
export interface Bucketed<Variant extends { readonly share: number }> {
  readonly key: string;
  /** The share of visitors who take part, 0–1. */
  readonly allocation: number;
  readonly variants: readonly Variant[];
}

/**
 * The variant of a visitor, or `undefined` outside the allocation.
 *
 * Taking part and the variant hang on different points, so that a growing allocation adds visitors to every variant and
 * moves nobody.
 */
export function variantOf<Variant extends { readonly share: number }>(
  experiment: Bucketed<Variant>,
  visitorId: string,
): Variant | undefined {
  if (bucketOf(`${experiment.key}:allocation`, visitorId) >= experiment.allocation) return undefined;
  const point = bucketOf(experiment.key, visitorId);
  let edge = 0;
  for (const variant of experiment.variants) {
    edge += variant.share;
    if (point < edge) return variant;
  }
  // Shares are floating point: their sum may end a hair below 1.
  return experiment.variants.findLast((variant) => variant.share > 0);
}
