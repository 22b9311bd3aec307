import type { Check } from './check.js';

const VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** Which proxy variables the client follows. Their values may hold a password. */
export function checkProxy(env: Readonly<Record<string, string | undefined>>): Check {
  const set = VARIABLES.flatMap((name) => [name, name.toLowerCase()]).filter((name) => env[name]);
  const message = set.length === 0 ? 'none.' : `requests follow ${set.join(', ')}.`;
  return { check: 'proxy', level: 'ok', message };
}
