import { failOption } from '../core/check-option.js';

/**
 * SHA-256 in hexadecimal, from the runtime: events are encoded at once, and the web's own is asynchronous.
 * @throws {OursError} `invalid_option` where the runtime has no `node:crypto`
 */
export function sha256(): (text: string) => string {
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (crypto === undefined) {
    failOption(
      "found 'hash' needs node:crypto: on Workers, set the compatibility flag nodejs_compat, or use 'remove'.",
    );
  }
  return (text) => crypto.createHash('sha256').update(text).digest('hex');
}
