import { createHash } from 'node:crypto';

/** The `number`th key for tests: the same in every run, and as random to look at as a real one. */
export function keyOf(number: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(`key ${number}`).digest());
}
