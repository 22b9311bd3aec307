import type { VariantReport } from '../report.js';

/** The most probable of at least one variant; among equals the first. */
export function bestOf(variants: readonly VariantReport[]): VariantReport {
  return variants.reduce((best, other) => (other.probabilityToBeBest > best.probabilityToBeBest ? other : best));
}
