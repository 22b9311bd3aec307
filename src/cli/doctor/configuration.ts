import { type ResolvedOptions, resolveOptions } from '../../client/options.js';
import { TEST_TOKEN_PREFIX } from '../../protocol/wire.js';
import { messageOf } from '../message-of.js';
import type { Check } from './check.js';
import { checkVariables } from './variables.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Stands for a token where another variable is looked at. */
const ANY_TOKEN = 'any';

/** What the client would make of the environment, variable by variable. */
export interface Configuration {
  readonly checks: readonly Check[];
  /** `undefined` when it is missing or wrong. */
  readonly token: string | undefined;
  /** `undefined` when it is wrong. */
  readonly baseUrl: string | undefined;
}

/** Has the client read `OURS_*` and says what it would refuse. */
export function checkConfiguration(baseUrl: string | undefined, env: Env): Configuration {
  const { OURS_TOKEN: token, OURS_EXPERIMENT_TOKEN: experimentToken, ...others } = env;
  const ofToken = read(undefined, { OURS_TOKEN: token });
  const ofOthers = read(baseUrl, { ...others, OURS_TOKEN: ANY_TOKEN });
  const checks = [
    toCheck('OURS_TOKEN', ofToken, () =>
      token?.startsWith(TEST_TOKEN_PREFIX)
        ? 'is well-formed. It is a test-mode token: events are tagged, and forwarded nowhere.'
        : 'is well-formed.',
    ),
    ...(experimentToken ? [checkExperimentToken(experimentToken, token)] : []),
    toCheck('other settings', ofOthers, () => 'make sense.'),
    ...checkVariables(env),
  ];
  if ('baseUrl' in ofOthers && ofOthers.disabled) {
    checks.push({ check: 'OURS_DISABLED', level: 'warning', message: 'is set: applications here send nothing.' });
  }
  return {
    checks,
    token: 'token' in ofToken ? ofToken.token : undefined,
    baseUrl: 'baseUrl' in ofOthers ? ofOthers.baseUrl : undefined,
  };
}

function checkExperimentToken(experimentToken: string, token: string | undefined): Check {
  const check = 'OURS_EXPERIMENT_TOKEN';
  const found = read(undefined, { OURS_TOKEN: token || ANY_TOKEN, OURS_EXPERIMENT_TOKEN: experimentToken });
  if ('token' in found && !experimentToken.startsWith('exp_')) {
    return { check, level: 'warning', message: 'does not start with exp_: is it the token of an experiment?' };
  }
  return toCheck(check, found, () => 'is well-formed.');
}

interface Misfit {
  readonly problem: string;
}

function read(baseUrl: string | undefined, env: Env): ResolvedOptions | Misfit {
  try {
    return resolveOptions({ baseUrl }, env);
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function toCheck(check: string, found: ResolvedOptions | Misfit, fine: () => string): Check {
  return 'problem' in found
    ? { check, level: 'error', message: found.problem }
    : { check, level: 'ok', message: fine() };
}
