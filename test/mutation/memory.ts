import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Mutant } from './mutate.js';

/** Which mutants were killed before, by which test file. */
export interface KillMemory {
  /** Whether it was killed in this source by a test file that has not changed since. */
  knows(mutant: Mutant): boolean;
  remember(mutant: Mutant, test: string): void;
}

interface Kill {
  readonly test: string;
  readonly testHash: string;
}

/** Survivors are not remembered: a test that was added anywhere may kill them. */
export function openKillMemory(path: string): KillMemory {
  const kills: Record<string, Kill> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  mkdirSync(dirname(path), { recursive: true });
  return {
    knows(mutant) {
      const kill = kills[keyOf(mutant)];
      return kill !== undefined && existsSync(kill.test) && hashOf(kill.test) === kill.testHash;
    },
    remember(mutant, test) {
      kills[keyOf(mutant)] = { test, testHash: hashOf(test) };
      writeFileSync(path, JSON.stringify(kills, undefined, 1));
    },
  };
}

function keyOf({ file, start, end, replacement }: Mutant): string {
  return `${file} ${hashOf(file)} ${start}-${end} ${replacement}`;
}

function hashOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('base64url').slice(0, 16);
}
