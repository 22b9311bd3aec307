import type { Assignment, AssignOptions } from '../assignment/assignment.js';
import type { Visitor } from '../client/visitor.js';
import { failOption } from '../core/check-option.js';
import { shortName } from '../core/printable.js';
import { typeName } from '../core/refusal.js';

/**
 * Checks the values that stand for the variants of an experiment.
 * @throws {OursError} `invalid_option`
 */
export function requireValues<Values extends object>(name: string, values: Values): Values {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    failOption(`${name} must be an object of variants and their values; got ${typeName(values)}.`);
  }
  const entries = Object.entries(values);
  if (entries.length === 0) failOption(`${name} must have a value for each variant; it is empty.`);
  const unset = entries.find(([, value]) => value === undefined);
  if (unset !== undefined) failOption(`${name} has no value for '${shortName(unset[0])}'.`);
  return values;
}

/**
 * The assignment of a visitor whom the caller can show only some variants. It is read first: an exposure to a variant that is not
 * shown must not be recorded.
 */
export async function assignShown(
  visitor: Visitor,
  experimentKey: string,
  options: AssignOptions,
  canShow: (variantName: string) => boolean,
): Promise<Assignment> {
  const seen = await visitor.assign(experimentKey, { ...options, record: false });
  // A sticky variant records nothing, and asking again in an outage would make the page wait twice.
  if (seen.reason !== 'assigned' || options.record === false || !canShow(seen.variantName)) return seen;
  return visitor.assign(experimentKey, options);
}

/** Why a variant cannot be shown, and what to do about it. */
export function describeUnmapped(experimentKey: string, variantName: string): string {
  return `values of '${shortName(experimentKey)}' has no entry for the variant '${shortName(variantName)}': add it. Its visitors get the default value, and no exposure is recorded.`;
}

/** Why a variant has no boolean, and what to do about it. */
export function describeNoControl(experimentKey: string, variantName: string): string {
  return `the service does not say whether '${shortName(variantName)}' is the control of '${shortName(experimentKey)}': give its variants a boolean in values. Its visitors get the default value.`;
}
