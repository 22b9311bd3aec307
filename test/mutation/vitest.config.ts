import { readFileSync } from 'node:fs';
import { defineConfig, mergeConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import usual from '../../vitest.config.js';
import type { Mutant } from './mutate.js';

/** What one run is told by its environment. */
export interface MutantRun {
  readonly root: string;
  /** `undefined` runs the sources as they are. */
  readonly mutant: Mutant | undefined;
  /** In the order to run them. */
  readonly tests: readonly string[];
  readonly report: string;
}

const run = JSON.parse(process.env.MUTANT_RUN!) as MutantRun;

class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => run.tests.indexOf(moduleId.slice(run.root.length + 1));
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

export default mergeConfig(
  usual,
  defineConfig({
    root: run.root,
    plugins: [
      {
        name: 'mutant',
        enforce: 'pre',
        load(id) {
          if (run.mutant === undefined || id !== `${run.root}/${run.mutant.file}`) return undefined;
          const { start, end, replacement } = run.mutant;
          const source = readFileSync(id, 'utf8');
          return source.slice(0, start) + replacement + source.slice(end);
        },
      },
    ],
    test: {
      typecheck: { enabled: false },
      bail: run.mutant === undefined ? 0 : 1,
      maxWorkers: 1,
      sequence: { sequencer: NearestFirst },
      reporters: ['json'],
      outputFile: run.report,
    },
  }),
);
