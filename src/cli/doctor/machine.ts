import { isOursError } from '../../core/errors.js';
import { boundsOf } from '../../transport/clock.js';
import { describeProxy, routeTo } from '../../transport/proxy.js';
import { durationInWords } from '../amounts.js';
import type { ProbeAnswer } from '../probe.js';
import type { Check } from './check.js';

/** The first supported minor version of old major versions. Later major versions are supported from 0. */
const MINORS: Readonly<Record<number, number>> = { 20: 19, 22: 12 };
const FIRST_WITHOUT_MINOR = 24;

/** Checks that this package supports the Node version, as `engines` in package.json says. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isSupported = major >= FIRST_WITHOUT_MINOR || minor >= (MINORS[major] ?? Number.POSITIVE_INFINITY);
  if (isSupported) return { check: 'Node', level: 'ok', message: version };
  const message = `${version} is not supported: use 20.19 or later, 22.12 or later, or 24.`;
  return { check: 'Node', level: 'error', message };
}

const NOTICEABLE_MS = 5_000;
const WRONG_MS = 3 * 60_000;

/** Compares this machine's clock with the service's; no check if the service sent no `Date`. */
export function checkClock({ date, sentAt, receivedAt }: ProbeAnswer): Check[] {
  const bounds = boundsOf(date, sentAt, receivedAt);
  if (bounds === undefined) return [];
  // Within the bounds there may be no difference at all.
  const skewMs = Math.max(bounds.low, 0) + Math.min(bounds.high, 0);
  const apartMs = Math.abs(skewMs);
  if (apartMs <= NOTICEABLE_MS) return [{ check: 'clock', level: 'ok', message: 'agrees with the service’s clock.' }];
  const direction =
    skewMs < 0
      ? 'ahead of the service’s clock: times that your code takes from it are in the future.'
      : 'behind the service’s clock: events seem older than they are, and a conversion may seem to precede its impression.';
  const advice =
    'The client corrects the times that it adds, and times you pass that the service would reject. Synchronise the clock (NTP).';
  const level = apartMs > WRONG_MS ? 'error' : 'warning';
  return [{ check: 'clock', level, message: `is ${durationInWords(apartMs)} ${direction} ${advice}` }];
}

const EXEMPT = {
  'this machine': 'on this machine, which is never reached through a proxy',
  NO_PROXY: 'listed in NO_PROXY',
} as const;

/** Shows which proxy requests go through. Shows only its host, because the variable may hold a password. */
export function checkProxy(baseUrl: string, env: Readonly<Record<string, string | undefined>>): Check {
  const check = 'proxy';
  try {
    const { proxy, exempt } = routeTo(baseUrl, env);
    if (proxy !== undefined) return { check, level: 'ok', message: `requests go through ${describeProxy(proxy)}.` };
    const message = exempt === undefined ? 'none.' : `none: ${new URL(baseUrl).host} is ${EXEMPT[exempt]}.`;
    return { check, level: 'ok', message };
  } catch (error) {
    if (isOursError(error)) return { check, level: 'error', message: error.message };
    throw error;
  }
}
