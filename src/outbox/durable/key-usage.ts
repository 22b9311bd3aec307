/**
 * How many records one AES-GCM key may seal with random nonces. Beyond that, two records with one nonce become too likely, and
 * both could then be read and forged. NIST SP 800-38D, section 8.3.
 */
export const MAX_SEALED: number = 2 ** 32;

/** Warn after a sixteenth of that in one process: other processes use the key too, and used it before. */
const WARN_EVERY: number = MAX_SEALED / 16;

/** Counts the records sealed with each key. */
export interface KeyUsage {
  add(keyId: string): void;
  /** A warning, once. */
  takeNotice(): string | undefined;
}

/** @param warnEvery records between two warnings */
export function createKeyUsage(warnEvery: number = WARN_EVERY): KeyUsage {
  const counts = new Map<string, number>();
  let notice: string | undefined;
  return {
    add(keyId) {
      const count = (counts.get(keyId) ?? 0) + 1;
      counts.set(keyId, count);
      if (count % warnEvery !== 0) return;
      notice = `this process has sealed ${inWords(count)} records with key ${keyId}, and a key is good for ${inWords(MAX_SEALED)} across all processes and its whole life. Put a new key first in sealingKeys and keep this one behind it until everything it sealed is gone (docs/sealing.md).`;
    },
    takeNotice() {
      const taken = notice;
      notice = undefined;
      return taken;
    },
  };
}

/** Shared by all outboxes of the process: two may use the same key. */
export const keyUsage: KeyUsage = createKeyUsage();

function inWords(count: number): string {
  return count.toLocaleString('en-US');
}
