import { parseArgs } from 'node:util';

export interface MutationOptions {
  /** A path's beginning; all rooms without it. */
  readonly only: string | undefined;
  readonly seed: number;
  /** How many mutants to try at most. */
  readonly limit: number;
  readonly workers: number;
}

const USAGE = 'Usage: npm run test:mutation -- [--only src/PATH] [--seed N] [--limit N] [--workers N]';

/** @throws for an option that is not valid, with the usage */
export function readOptions(args: readonly string[]): MutationOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      seed: { type: 'string', default: '1' },
      limit: { type: 'string' },
      workers: { type: 'string', default: '2' },
    },
  });
  return {
    only: values.only,
    seed: toCount('seed', values.seed),
    limit: values.limit === undefined ? Number.POSITIVE_INFINITY : toCount('limit', values.limit),
    workers: toCount('workers', values.workers),
  };
}

function toCount(name: string, value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`--${name} must be an integer of at least 1; got ${value}. ${USAGE}`);
  }
  return count;
}
