import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/** The test files that import a file, directly or not, the nearest first. */
export type RelatedTests = (file: string) => readonly string[];

/** @param tests relative to the project, which is the working directory */
export function findRelatedTests(tests: readonly string[]): RelatedTests {
  const imports = new Map<string, readonly string[]>();
  const importsOf = (file: string): readonly string[] => {
    const known = imports.get(file);
    if (known !== undefined) return known;
    const found = readImports(file);
    imports.set(file, found);
    return found;
  };
  const distances = new Map(tests.map((test) => [test, distancesFrom(test, importsOf)]));
  return (file) => {
    const distanceOf = (test: string): number => distances.get(test)!.get(file) ?? Number.POSITIVE_INFINITY;
    return tests.filter((test) => Number.isFinite(distanceOf(test))).sort((a, b) => distanceOf(a) - distanceOf(b));
  };
}

function distancesFrom(test: string, importsOf: (file: string) => readonly string[]): ReadonlyMap<string, number> {
  const distances = new Map([[test, 0]]);
  // A Map visits what is added while it is walked.
  for (const [file, distance] of distances) {
    for (const imported of importsOf(file)) if (!distances.has(imported)) distances.set(imported, distance + 1);
  }
  return distances;
}

function readImports(file: string): readonly string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  return importedFiles.flatMap(({ fileName }) => {
    if (!fileName.startsWith('.')) return [];
    const path = normalize(join(dirname(file), fileName)).replace(/\.js$/, '.ts');
    return path.endsWith('.ts') && existsSync(path) ? [path] : [];
  });
}
