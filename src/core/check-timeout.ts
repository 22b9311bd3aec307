import { Refusal, typeName } from './refusal.js';

/** What is wrong with the limit of one wait. `NaN`, as from `Number(process.env.MISSING)`, would end it at once. */
export function checkTimeout(timeoutMs: unknown): Refusal | undefined {
  if (timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs >= 0)) return undefined;
  const got = typeof timeoutMs === 'number' ? timeoutMs : typeName(timeoutMs);
  return new Refusal('invalid_field', `timeoutMs must be a number of milliseconds; got ${got}.`);
}
