import { OursError } from './errors.js';
import { typeName } from './refusal.js';
import { describeUnknown } from './unknown-names.js';

/**
 * Refuses options that nothing reads: a misspelt option would silently have no effect.
 * @throws {OursError} `invalid_option`, naming the option and the one that was probably meant
 */
export function checkOptionNames(call: string, options: object | undefined, known: ReadonlySet<string>): void {
  const unknown = describeUnknown(options ?? {}, known);
  if (unknown !== undefined) failOption(`${call} has an unknown option: ${unknown}.`);
}

/** @throws {OursError} `invalid_option` */
export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') failOption(`${name} must be a function; got ${typeName(value)}.`);
}

/**
 * Checks an optional logger.
 * @throws {OursError} `invalid_option`
 */
export function checkLogger(logger: unknown): void {
  if (logger !== undefined && typeof (logger as { readonly warn?: unknown } | null)?.warn !== 'function') {
    failOption('logger must have a method warn(message), as the console, pino and winston have.');
  }
}

/**
 * Reads an optional limit. @default no limit
 * @throws {OursError} `invalid_option`
 */
export function readLimit(name: string, limit: number | undefined): number {
  if (limit === undefined) return Number.MAX_SAFE_INTEGER;
  if (!Number.isSafeInteger(limit) || limit < 1) {
    failOption(`${name} must be a positive integer; got ${typeof limit === 'number' ? limit : typeof limit}.`);
  }
  return limit;
}

/** @throws {OursError} `invalid_option` */
export function failOption(message: string, options?: ErrorOptions): never {
  throw new OursError('invalid_option', message, options);
}
