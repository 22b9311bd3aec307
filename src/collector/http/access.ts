import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, refuse } from './answer.js';
import { INGEST_PATH } from './browser-ingest.js';
import { EXPERIMENT_INIT_PATH } from './experiment-init.js';
import { API_PREFIX, PLATFORM_PREFIX } from './route.js';

/**
 * Tells whether a request for a path may be made: `undefined`, or the refusal. What clients speak to asks for a token of its
 * own, in the body; this is about who may see what was collected, and change experiments.
 */
export type Admit = (method: string, path: string, headers: IncomingHttpHeaders) => Answer | undefined;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/** Tells whether an address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === '::1' || LOOPBACK.test(host);
}

/**
 * On this machine alone everybody is let in who asks for it by a name of this machine: a web site whose own name was made to
 * point here is not. Where other machines can reach it, a known token is asked for, as the password of HTTP's basic
 * authentication or as a bearer; where the Platform API has keys of its own, it asks for those instead. Other sites may link to a page and nothing else: neither embed it nor send it a form.
 */
export function createAdmit(host: string, tokens: ReadonlySet<string> | undefined, hasApiKeys = false): Admit {
  const isIn = isLoopback(host) ? isAskedByLocalName : hasToken([...(tokens ?? [])]);
  return (method, path, headers) => {
    if (path === INGEST_PATH || path === EXPERIMENT_INIT_PATH || path.startsWith(`${API_PREFIX}/`)) return undefined;
    const isLink = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
    if (!isLink && isFromAnotherSite(headers)) {
      return refuse(403, 'only the pages of this collector may ask for this');
    }
    if (hasApiKeys && path.startsWith(`${PLATFORM_PREFIX}/`)) return undefined;
    return isIn(headers);
  };
}

/** Browsers say where a request comes from, and no page can lie about it. Programs say nothing. */
function isFromAnotherSite({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  // `none` is a person: an address that was typed, a bookmark.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}

type Check = (headers: IncomingHttpHeaders) => Answer | undefined;

const isAskedByLocalName: Check = ({ host = '' }) =>
  LOOPBACK.test(host) ? undefined : refuse(403, 'ask for this by an address of this machine, such as http://127.0.0.1');

function hasToken(known: readonly string[]): Check {
  return ({ authorization = '' }) => {
    const given = tokenOf(authorization);
    if (given !== undefined && known.some((token) => isSameSecret(token, given))) return undefined;
    return {
      ...refuse(401, 'a token is needed: as the password, with any user name, or as a bearer'),
      headers: { 'www-authenticate': 'Basic realm="ours-ingest collector", charset="UTF-8"' },
    };
  };
}

function tokenOf(authorization: string): string | undefined {
  const [scheme = '', value = ''] = authorization.split(' ');
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const credentials = Buffer.from(value, 'base64').toString('utf8');
  return credentials.slice(credentials.indexOf(':') + 1);
}

/** Compares secrets in a time that does not depend on how much of them is equal. */
export function isSameSecret(token: string, given: string): boolean {
  const [a, b] = [Buffer.from(token), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
