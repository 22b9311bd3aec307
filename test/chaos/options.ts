import { parseArgs } from 'node:util';
import { CREWS, type CrewName } from './plan/schedule.js';

const SHORT_MINUTES = 0.6;
/** CI always plays the same schedule, so that a new failure points at the commit. */
const CI_SEED = 20_261;

export interface ChaosOptions {
  readonly faultMs: number;
  readonly seed: number;
  readonly crews: readonly CrewName[];
}

/**
 * @param script its name in package.json
 * @throws for an option that is not valid, with the usage
 */
export function readOptions(script: string, args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, crew: { type: 'string', default: 'all' } },
  });
  const usage = `Usage: npm run ${script} -- [--minutes N] [--seed N] [--crew ${CREWS.join('|')}|all]`;
  const minutes = Number(values.minutes ?? SHORT_MINUTES);
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0; got ${values.minutes}. ${usage}`);
  const seed = Number(values.seed ?? (process.env.CI ? CI_SEED : Math.floor(Math.random() * 1e6)));
  if (!Number.isInteger(seed)) throw new Error(`--seed must be an integer; got ${values.seed}. ${usage}`);
  const crews = values.crew === 'all' ? CREWS : CREWS.filter((crew) => crew === values.crew);
  if (crews.length === 0) throw new Error(`--crew must be ${CREWS.join(', ')} or all; got ${values.crew}. ${usage}`);
  return { faultMs: minutes * 60_000, seed, crews };
}
