import { checkOptionNames, failOption } from '../core/check-option.js';
import { typeName } from '../core/refusal.js';
import { fieldNames } from '../core/unknown-names.js';

/** Names that pass, or names that do not. `*` at the end of a name stands for any ending. */
export interface NameList {
  /** Only these pass. @default all */
  readonly allow?: readonly string[] | undefined;
  /** These do not pass, even if they are allowed. */
  readonly deny?: readonly string[] | undefined;
}

const FIELDS = fieldNames<NameList>({ allow: 1, deny: 1 });

/**
 * Refuses what is not a `NameList`: with a misspelt `allow`, every name would pass.
 * @throws {OursError} `invalid_option`, naming `option`
 */
export function checkNameList(option: string, names: unknown): void {
  if (typeof names !== 'object' || names === null || Array.isArray(names)) {
    failOption(`${option} must be an object with allow, deny or both; got ${typeName(names)}.`);
  }
  checkOptionNames(option, names, FIELDS);
}

/** @throws {OursError} `invalid_option` */
export function nameFilter(option: string, { allow, deny = [] }: NameList): (name: string) => boolean {
  const isAllowed = allow === undefined ? () => true : matcher(`${option}.allow`, allow);
  const isDenied = matcher(`${option}.deny`, deny);
  return (name) => isAllowed(name) && !isDenied(name);
}

/**
 * Whether a name is one of these. Case and separators do not matter: `dateOfBirth` is `date_of_birth`.
 * @throws {OursError} `invalid_option`, naming `option`
 */
export function matcher(option: string, names: readonly string[]): (name: string) => boolean {
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string' || name === '')) {
    failOption(`${option} must be a list of names.`);
  }
  const wrong = names.find((name) => name.slice(0, -1).includes('*'));
  if (wrong !== undefined) failOption(`${option} has '${wrong}': * may stand only at the end of a name.`);
  const exact = new Set(names.filter((name) => !name.endsWith('*')).map(fold));
  const beginnings = names.filter((name) => name.endsWith('*')).map(fold);
  return (name) => {
    const folded = fold(name);
    return exact.has(folded) || beginnings.some((beginning) => folded.startsWith(beginning));
  };
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
