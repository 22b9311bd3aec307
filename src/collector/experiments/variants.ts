import type { DomModification, Variant, VariantType } from './experiment.js';

export interface VariantConfig {
  readonly name: string;
  /** @default `variant_` and the name */
  readonly id?: string | undefined;
  /** Percent of the visitors who take part. Variants without a weight share the rest equally. */
  readonly weight?: number | undefined;
  /** @default the first variant */
  readonly isControl?: boolean | undefined;
  /** Returned with the assignment as `redirect`. */
  readonly redirectUrl?: string | undefined;
  readonly variantType?: VariantType | undefined;
  readonly domModifications?: readonly DomModification[] | undefined;
}

/** Weights may be rounded: three thirds are accepted as 100. */
const TOLERANCE_PERCENT = 1e-6;

/** The minimum weight of a control. */
const MIN_CONTROL_PERCENT = 1;

/** Returns what is wrong with the variants as a whole; `undefined` if they are valid. A draft may have none. */
export function describeVariantsProblem(variants: readonly VariantConfig[]): string | undefined {
  if (variants.length === 0) return undefined;
  if (new Set(variants.map(({ name }) => name)).size < variants.length) return 'two variants have the same name';
  if (new Set(variants.map(idOf)).size < variants.length) return 'two variants have the same id';
  const controls = variants.filter(({ isControl }) => isControl === true).length;
  if (controls > 1 || controlOf(variants) === undefined)
    return `${controls} variants are controls; exactly one must be`;
  const stated = statedPercent(variants);
  const isComplete = variants.every(({ weight }) => weight !== undefined);
  if (stated > 100 + TOLERANCE_PERCENT || (isComplete && stated < 100 - TOLERANCE_PERCENT)) {
    return `the weights add up to ${stated} percent instead of 100`;
  }
  const control = resolveVariants(variants).find(({ isControl }) => isControl);
  if (control !== undefined && control.share * 100 < MIN_CONTROL_PERCENT - TOLERANCE_PERCENT) {
    return `only ${control.share * 100} percent are left for the control; it needs at least ${MIN_CONTROL_PERCENT}`;
  }
  return undefined;
}

/** Fills in ids, the control and the shares of valid variants. */
export function resolveVariants(variants: readonly VariantConfig[]): Variant[] {
  const control = controlOf(variants);
  const open = variants.filter(({ weight }) => weight === undefined).length;
  const evenly = Math.max(0, 100 - statedPercent(variants)) / open;
  const percents = variants.map(({ weight }) => weight ?? evenly);
  const others = percents.reduce((sum, percent, i) => (variants[i] === control ? sum : sum + percent), 0);
  return variants.map((variant, i) => ({
    id: idOf(variant),
    name: variant.name,
    isControl: variant === control,
    ...shownBy(variant),
    // The control gets the rest, so that the shares add up to 1 despite rounding.
    share: (variant === control ? 100 - others : percents[i]!) / 100,
  }));
}

function shownBy({ variantType, redirectUrl, domModifications }: VariantConfig): Partial<Variant> {
  return {
    ...(variantType === undefined ? {} : { variantType }),
    ...(redirectUrl === undefined ? {} : { redirectUrl }),
    ...(domModifications === undefined ? {} : { domModifications }),
  };
}

function idOf({ id, name }: VariantConfig): string {
  return id ?? `variant_${name}`;
}

function controlOf(variants: readonly VariantConfig[]): VariantConfig | undefined {
  return variants.find(({ isControl }) => isControl === true) ?? variants.find(({ isControl }) => isControl !== false);
}

function statedPercent(variants: readonly VariantConfig[]): number {
  return variants.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
}
