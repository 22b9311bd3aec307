import { optionVariables, type ResolvedOptions, resolveOptions } from '../../client/options.js';
import { printable } from '../../core/printable.js';
import { meantBy } from '../../core/unknown-names.js';
import { TEST_TOKEN_PREFIX } from '../../protocol/wire.js';
import { messageOf } from '../command.js';
import type { Check } from './check.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Stands in for the token while other variables are checked. */
const ANY_TOKEN = 'any';

/** How the client would read the environment. */
export interface Configuration {
  readonly checks: readonly Check[];
  /** `undefined` when it is missing or invalid. */
  readonly token: string | undefined;
  /** `undefined` when it is invalid. */
  readonly baseUrl: string | undefined;
}

/** Lets the client read `OURS_*`, and reports what it would refuse. */
export function checkConfiguration(baseUrl: string | undefined, env: Env): Configuration {
  const { OURS_TOKEN: token, OURS_EXPERIMENT_TOKEN: experimentToken, ...others } = env;
  const ofToken = read(undefined, { OURS_TOKEN: token });
  const ofOthers = read(baseUrl, { ...others, OURS_TOKEN: ANY_TOKEN });
  const checks = [
    toCheck('OURS_TOKEN', ofToken, () =>
      token?.startsWith(TEST_TOKEN_PREFIX)
        ? 'is well-formed. It is a test-mode token: events are tagged and not forwarded.'
        : 'is well-formed.',
    ),
    ...(experimentToken ? [checkExperimentToken(experimentToken, token)] : []),
    toCheck('other settings', ofOthers, () => 'are valid.'),
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
    return { check, level: 'warning', message: 'does not start with exp_: check that it is an experiment token.' };
  }
  return toCheck(check, found, () => 'is well-formed.');
}

interface Invalid {
  readonly problem: string;
}

function read(baseUrl: string | undefined, env: Env): ResolvedOptions | Invalid {
  try {
    return resolveOptions({ baseUrl }, env);
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function toCheck(check: string, found: ResolvedOptions | Invalid, valid: () => string): Check {
  return 'problem' in found
    ? { check, level: 'error', message: found.problem }
    : { check, level: 'ok', message: valid() };
}

const PREFIX = 'OURS_';

/** Variables that only the commands read. */
const OF_COMMANDS = [
  'OURS_API_URL',
  'OURS_DEV_PASSWORD',
  'OURS_DEV_TOKENS',
  'OURS_OUTBOX_POSTGRES',
  'OURS_OUTBOX_REDIS',
  'OURS_OUTBOX_SQLITE',
  'OURS_PRIVACY_API_KEY',
  'OURS_SEALING_KEYS',
];

/** Warns of variables that begin with `OURS_` and that nothing reads, each with the probable correct name. */
function checkVariables(env: Env): Check[] {
  const options = optionVariables();
  const known = [...options.values(), ...OF_COMMANDS];
  return Object.keys(env)
    .filter((name) => name.toUpperCase().startsWith(PREFIX) && !known.includes(name))
    .map((name) => {
      const option = meantBy(name.slice(PREFIX.length), [...options.keys()]);
      const meant = meantBy(name, known) ?? (option && options.get(option));
      const advice = meant === undefined ? 'does it belong to another program?' : `did you mean ${meant}?`;
      return { check: printable(name, 60), level: 'warning', message: `is not read by this package: ${advice}` };
    });
}
