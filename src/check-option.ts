import { OursError } from './errors.js';
import { typeName } from './protocol/refusal.js';

/** @throws {OursError} `invalid_option` */
export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') failOption(`${name} must be a function; got ${typeName(value)}.`);
}

/**
 * A logger may be left out.
 * @throws {OursError} `invalid_option`
 */
export function checkLogger(logger: unknown): void {
  if (logger !== undefined && typeof (logger as { readonly warn?: unknown } | null)?.warn !== 'function') {
    failOption('logger must have a method warn(message), as the console, pino and winston have.');
  }
}

/** @throws {OursError} `invalid_option` */
export function failOption(message: string): never {
  throw new OursError('invalid_option', message);
}
