import type { ExperimentCatalog } from '../../assignment/experiment-catalog.js';
import { failOption } from '../../core/check-option.js';
import { shortName } from '../../core/printable.js';
import { typeName } from '../../core/refusal.js';
import { meantBy } from '../../core/unknown-names.js';
import { checkText } from '../../protocol/identity.js';
import { MAX_ID_LENGTH } from '../../protocol/limits.js';
import type { AskedFlag, Problem } from './resolution.js';
import type { FlagType } from './types.js';
import { checkFlagValues, type GivenValues, type TypedValues } from './values.js';

/** Finds the values of a flag, or what is wrong with it, before the service is asked: no exposure is recorded for nothing. */
export type FlagCheck = <Value>(
  key: string,
  type: FlagType,
  defaultValue: Value,
) => AskedFlag<Value> & { readonly problem: Problem | undefined };

/** @throws {OursError} `invalid_option` */
export function createFlagCheck(options: {
  readonly values?: GivenValues | undefined;
  readonly experiments?: ExperimentCatalog | undefined;
}): FlagCheck {
  const { experiments } = options;
  if (experiments !== undefined && (typeof experiments !== 'object' || experiments === null)) {
    failOption(`experiments must be an object of experiments and their variants; got ${typeName(experiments)}.`);
  }
  const valuesOf = checkFlagValues(options.values ?? {}, experiments);

  function checkKey(key: unknown): Problem | undefined {
    const refusal = checkText('flag key', key, MAX_ID_LENGTH);
    if (refusal) return { code: 'FLAG_NOT_FOUND', message: refusal.message };
    if (experiments === undefined || Object.hasOwn(experiments, key as string)) return undefined;
    const meant = meantBy(key as string, Object.keys(experiments));
    const hint = meant === undefined ? 'If it is new, run npx ours-ingest pull.' : `Did you mean '${meant}'?`;
    return { code: 'FLAG_NOT_FOUND', message: `flag '${shortName(key as string)}' is not in experiments. ${hint}` };
  }

  return (key, type, defaultValue) => {
    const typed = valuesOf.get(key);
    const fits = typed?.type === type;
    const needsValues = type === 'number' || type === 'object';
    return {
      key,
      type,
      defaultValue,
      values: fits ? typed.byVariant : undefined,
      problem: checkKey(key) ?? (needsValues && !fits ? mismatch(key, type, typed) : undefined),
    };
  };
}

function mismatch(key: string, type: FlagType, typed: TypedValues | undefined): Problem {
  const message =
    typed === undefined
      ? `flag '${shortName(key)}' has no ${type}: an experiment only has names of variants. Give each variant a value in values.`
      : `flag '${shortName(key)}' has values of type ${typed.type}, and not ${type}.`;
  return { code: 'TYPE_MISMATCH', message };
}
