import { hash } from 'node:crypto';

const BITS = 48;

/**
 * A point in [0, 1) that depends only on the salt and the visitor. SHA-256 makes it uniform over visitors and independent
 * between salts.
 */
export function bucketOf(salt: string, visitorId: string): number {
  return hash('sha256', `${salt}:${visitorId}`, 'buffer').readUIntBE(0, BITS / 8) / 2 ** BITS;
}

/** The fields of an experiment that bucketing needs. Shares add up to 1. */
export interface Bucketed<Variant extends { readonly share: number }> {
  readonly key: string;
  /** The share of visitors who take part, 0–1. */
  readonly allocation: number;
  readonly variants: readonly Variant[];
}

/**
 * The variant of a visitor, or `undefined` outside the allocation.
 *
 * Taking part and the variant depend on different points, so that a growing allocation adds visitors to every variant and
 * does not reassign any.
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
  // The sum of floating-point shares may be slightly below 1.
  return experiment.variants.findLast((variant) => variant.share > 0);
}
