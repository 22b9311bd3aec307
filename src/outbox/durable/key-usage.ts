/**
 * What one key of AES-GCM may seal with random nonces: beyond it, two records under one nonce become too likely, and then both can
 * be read and forged. NIST SP 800-38D, section 8.3.
 */
export const MAX_SEALED: number = 2 ** 32;

/** A process that has sealed a sixteenth of that is worth a word: others use the key as well, and did before. */
const WARN_EVERY: number = MAX_SEALED / 16;

/** Counts what is sealed under each key. */
export interface KeyUsage {
  add(keyId: string): void;
  /** A warning that nobody has taken yet. */
  takeNotice(): string | undefined;
}

/** @param warnEvery records after which there is a notice, and another one each time there are as many more */
export function createKeyUsage(warnEvery: number = WARN_EVERY): KeyUsage {
  const counts = new Map<string, number>();
  let notice: string | undefined;
  return {
    add(keyId) {
      const count = (counts.get(keyId) ?? 0) + 1;
      counts.set(keyId, count);
      if (count % warnEvery !== 0) return;
      notice = `this process has sealed ${inWords(count)} records with key ${keyId}, and a key is good for ${inWords(MAX_SEALED)} in all processes and in its whole life. Put a new key first in sealingKeys and keep this one behind it until everything it sealed is gone (docs/sealing.md).`;
    },
    takeNotice() {
      const taken = notice;
      notice = undefined;
      return taken;
    },
  };
}

/** Of this process: two outboxes may have the same key. */
export const keyUsage: KeyUsage = createKeyUsage();

function inWords(count: number): string {
  return count.toLocaleString('en-US');
}
