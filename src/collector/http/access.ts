import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../protocol/loopback.js';
import { type Answer, refuse } from './answer.js';
import { INGEST_PATH } from './browser-ingest.js';
import { EXPERIMENT_INIT_PATH } from './experiment-init.js';
import { API_PREFIX, PLATFORM_PREFIX } from './route.js';

/**
 * Tells whether a request for a path may be made: `undefined`, or the refusal. The API for clients asks for a token in the body;
 * this decides who may see what was collected, and change experiments.
 */
export type Admit = (method: string, path: string, headers: IncomingHttpHeaders) => Answer | undefined;

export interface AccessOptions {
  readonly host: string;
  /** What the pages and the Platform API ask for. */
  readonly password?: string | undefined;
  /** Whether the Platform API has keys of its own, which it asks for instead. */
  readonly hasApiKeys?: boolean;
}

/**
 * Decides who may see what was collected.
 *
 * With a password, whoever knows it. Without one, this machine: asked for by a local name, because a web site can point its own
 * name here. A collector that other machines can reach and that has no password shows nothing to anybody: source tokens are
 * public, every web page carries one. Other sites may link to a page, but neither embed it nor send it a form.
 */
export function createAdmit({ host, password, hasApiKeys = false }: AccessOptions): Admit {
  const isLocal = isLoopback(host);
  return (method, path, headers) => {
    if (path === INGEST_PATH || path === EXPERIMENT_INIT_PATH || path.startsWith(`${API_PREFIX}/`)) return undefined;
    const isLink = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
    if (!isLink && isFromAnotherSite(headers)) {
      return refuse(403, 'only the pages of this collector may ask for this');
    }
    if (hasApiKeys && path.startsWith(`${PLATFORM_PREFIX}/`)) return undefined;
    if (password !== undefined) return isPasswordIn(headers, password) ? undefined : askForPassword(PASSWORD_NEEDED);
    return isLocal ? askByLocalName(headers) : askForPassword(NO_PASSWORD);
  };
}

const PASSWORD_NEEDED = 'the password is needed: as the password, with any user name, or as a bearer';
const NO_PASSWORD = 'this collector has no password, so it shows nothing to other machines: start it with one';

/** Whether a page of another origin asks. Browsers say where a request comes from, and no page can lie about it; programs say nothing. */
export function isFromAnotherSite({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  // `none` is a person: an address that was typed, a bookmark.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}

function askByLocalName({ host = '' }: IncomingHttpHeaders): Answer | undefined {
  return isLoopback(host)
    ? undefined
    : refuse(403, 'ask for this by an address of this machine, such as http://127.0.0.1');
}

function isPasswordIn({ authorization = '' }: IncomingHttpHeaders, password: string): boolean {
  const given = passwordIn(authorization);
  return given !== undefined && isSameSecret(password, given);
}

function askForPassword(reason: string): Answer {
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

/** Compares secrets in a time that does not depend on how much of them is equal. */
export function isSameSecret(secret: string, given: string): boolean {
  const [a, b] = [Buffer.from(secret), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
