import type { ExperimentCatalog, ExperimentKey, VariantName } from '../../assignment/experiment-catalog.js';
import { failOption } from '../../core/check-option.js';
import { shortName } from '../../core/printable.js';
import { typeName } from '../../core/refusal.js';
import { meantBy } from '../../core/unknown-names.js';
import type { EventCatalog } from '../../protocol/catalog.js';
import { requireValues } from '../variant-values.js';
import type { FlagType, JsonValue } from './types.js';

/** Experiment → variant → the value of its flag. */
export type FlagValues<Catalog extends EventCatalog> = {
  readonly [Key in ExperimentKey<Catalog>]?: { readonly [Variant in VariantName<Catalog, Key>]: JsonValue };
};

/** {@link FlagValues} of any catalogue. */
export type GivenValues = Readonly<Record<string, Readonly<Record<string, JsonValue>> | undefined>>;

/** The values of one experiment's variants, all of one type. */
export interface TypedValues {
  readonly type: FlagType;
  readonly byVariant: Readonly<Record<string, JsonValue>>;
}

/**
 * Checks the values at set-up, and that no variant of the experiments is missing.
 * @throws {OursError} `invalid_option`
 */
export function checkFlagValues(
  values: GivenValues,
  experiments: ExperimentCatalog | undefined,
): ReadonlyMap<string, TypedValues> {
  if (typeof values !== 'object' || values === null) {
    failOption(`values must be an object of experiments and the values of their variants; got ${typeName(values)}.`);
  }
  const checked = new Map<string, TypedValues>();
  for (const [key, given] of Object.entries(values)) {
    if (given === undefined) continue;
    const name = `values['${shortName(key)}']`;
    const byVariant = requireValues(name, given);
    const [type = 'object', ...others] = new Set(Object.values(byVariant).map((value) => typeof value as FlagType));
    if (others.length > 0) failOption(`${name} must have values of one type; got ${[type, ...others].join(' and ')}.`);
    checkVariants(name, key, byVariant, experiments);
    checked.set(key, { type, byVariant });
  }
  return checked;
}

function checkVariants(
  name: string,
  key: string,
  byVariant: Readonly<Record<string, JsonValue>>,
  experiments: ExperimentCatalog | undefined,
): void {
  if (experiments === undefined) return;
  if (!Object.hasOwn(experiments, key)) {
    const meant = meantBy(key, Object.keys(experiments));
    failOption(`${name} is of no experiment in experiments${meant === undefined ? '' : `; did you mean '${meant}'?`}.`);
  }
  const missing = experiments[key]!.filter((variant) => !Object.hasOwn(byVariant, variant));
  if (missing.length > 0)
    failOption(`${name} has no value for ${missing.map((variant) => `'${variant}'`).join(', ')}.`);
}
