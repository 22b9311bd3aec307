import type { Mutant } from './mutate.js';

export interface Tried {
  readonly mutant: Mutant;
  readonly status: 'killed' | 'timed out' | 'survived' | 'explained';
}

/** The least share of mutants that tests have to kill or that are explained. */
const REQUIRED = 0.9;

/** Prints the survivors and the figures of each folder; returns whether they are good enough. */
export function report(tried: readonly Tried[]): boolean {
  const survivors = tried.filter(({ status }) => status === 'survived');
  for (const { mutant } of survivors) console.log(`survived: ${describeMutant(mutant)}`);
  for (const [folder, results] of byFolder(tried)) console.log(`${folder}: ${figuresOf(results)}`);
  console.log(`all: ${figuresOf(tried)}`);
  return tried.length > 0 && 1 - survivors.length / tried.length >= REQUIRED;
}

export function describeMutant({ file, line, code, mutated }: Mutant): string {
  return `${file}:${line}\n  - ${code}\n  + ${mutated}`;
}

function byFolder(tried: readonly Tried[]): Map<string, Tried[]> {
  const folders = new Map<string, Tried[]>();
  for (const one of tried) {
    const folder = one.mutant.file.split('/').slice(0, -1).join('/');
    folders.set(folder, [...(folders.get(folder) ?? []), one]);
  }
  return new Map([...folders].sort());
}

function figuresOf(tried: readonly Tried[]): string {
  const count = (status: Tried['status']): number => tried.filter((one) => one.status === status).length;
  const share = (100 * (1 - count('survived') / tried.length)).toFixed(1);
  return (
    `${tried.length} tried, ${count('killed')} killed, ${count('timed out')} timed out, ` +
    `${count('explained')} explained, ${count('survived')} survived (${share} %)`
  );
}
