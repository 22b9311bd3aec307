import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../protocol/loopback.js';
import { type Answer, refuse } from './answer.js';
import { INGEST_PATH } from './browser-ingest.js';
import { EXPERIMENT_INIT_PATH } from './experiment-init.js';
import { API_PREFIX, PLATFORM_PREFIX } from './route.js';

/**
 * Decides whether a request is allowed: `undefined`, or the refusal. The API for clients checks a token in the body instead.
 * This decides who may see collected data and change experiments.
 */
export type Admit = (method: string, path: string, headers: IncomingHttpHeaders) => Answer | undefined;

export interface AccessOptions {
  readonly host: string;
  /** The password of the pages and the Platform API. */
  readonly password?: string | undefined;
  /** Whether the Platform API requires its own keys instead of the password. */
  readonly hasApiKeys?: boolean;
}

/**
 * Decides who may see collected data.
 *
 * With a password, everyone who knows it. Without one, this machine, by a local host name, because a web site can point its own
 * name here. A collector that other machines can reach and that has no password shows nothing: source tokens are public, since
 * every web page contains one. Other sites may link to a page, but not embed it or post a form to it.
 */
export function createAdmit({ host, password, hasApiKeys = false }: AccessOptions): Admit {
  const isLocal = isLoopback(host);
  return (method, path, headers) => {
    if (path === INGEST_PATH || path === EXPERIMENT_INIT_PATH || path.startsWith(`${API_PREFIX}/`)) return undefined;
    const isLink = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
    if (!isLink && isFromAnotherSite(headers)) {
      return refuse(403, 'only the pages of this collector may request this');
    }
    if (hasApiKeys && path.startsWith(`${PLATFORM_PREFIX}/`)) return undefined;
    if (password !== undefined) return isPasswordIn(headers, password) ? undefined : requirePassword(PASSWORD_NEEDED);
    return isLocal ? requireLocalName(headers) : requirePassword(NO_PASSWORD);
  };
}

const PASSWORD_NEEDED = 'a password is required: as basic authentication with any user name, or as a bearer token';
const NO_PASSWORD = 'this collector has no password, so other machines cannot see it: start it with a password';

/** Returns whether a page of another origin sends the request. Browsers add headers that pages cannot fake; programs add none. */
export function isFromAnotherSite({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  // `none` is a typed address or a bookmark.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}

function requireLocalName({ host = '' }: IncomingHttpHeaders): Answer | undefined {
  return isLoopback(host) ? undefined : refuse(403, 'use an address of this machine, such as http://127.0.0.1');
}

function isPasswordIn({ authorization = '' }: IncomingHttpHeaders, password: string): boolean {
  const given = passwordIn(authorization);
  return given !== undefined && isSameSecret(password, given);
}

function requirePassword(reason: string): Answer {
  return {
    ...refuse(401, reason),
    headers: { 'www-authenticate': 'Basic realm="ours-ingest collector", charset="UTF-8"' },
  };
}

function passwordIn(authorization: string): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) (.*)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const credentials = Buffer.from(value, 'base64').toString('utf8');
  return credentials.slice(credentials.indexOf(':') + 1);
}

/** Compares secrets in constant time. */
export function isSameSecret(secret: string, given: string): boolean {
  const [a, b] = [Buffer.from(secret), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
