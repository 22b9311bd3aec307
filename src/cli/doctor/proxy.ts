import { isOursError } from '../../core/errors.js';
import { describeProxy, routeTo } from '../../transport/proxy.js';
import type { Check } from './check.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Whether requests go through a proxy, and which: its host alone, for the variable may hold a password. */
export function checkProxy(baseUrl: string, env: Env): Check {
  try {
    const { proxy, exempt } = routeTo(baseUrl, env);
    if (proxy !== undefined)
      return { check: 'proxy', level: 'ok', message: `requests go through ${describeProxy(proxy)}.` };
    const why = exempt === undefined ? 'none.' : `none: ${new URL(baseUrl).host} is ${EXEMPT[exempt]}.`;
    return { check: 'proxy', level: 'ok', message: why };
  } catch (error) {
    if (isOursError(error)) return { check: 'proxy', level: 'error', message: error.message };
    throw error;
  }
}

const EXEMPT = {
  'this machine': 'on this machine, which is never reached through a proxy',
  NO_PROXY: 'listed in NO_PROXY',
} as const;
