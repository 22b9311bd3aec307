import { optionVariables } from '../../client/options.js';
import { printable } from '../../core/printable.js';
import { meantBy } from '../../core/unknown-names.js';
import type { Check } from './check.js';

type Env = Readonly<Record<string, string | undefined>>;

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

/** The variables that look like ours and are read by nothing, each with the one that was probably meant. */
export function checkVariables(env: Env): Check[] {
  const options = optionVariables();
  const known = [...options.values(), ...OF_COMMANDS];
  return Object.keys(env)
    .filter((name) => name.toUpperCase().startsWith(PREFIX) && !known.includes(name))
    .map((name) => {
      const option = meantBy(name.slice(PREFIX.length), [...options.keys()]);
      const meant = meantBy(name, known) ?? (option && options.get(option));
      const advice = meant === undefined ? 'is it another program’s?' : `did you mean ${meant}?`;
      return { check: printable(name, 60), level: 'warning', message: `is read by nothing here: ${advice}` };
    });
}
