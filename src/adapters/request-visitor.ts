import type { VisitorInput } from '../client/visitor.js';
import { checkUserId } from '../protocol/identity.js';
import { MAX_ID_LENGTH, MAX_TOKEN_LENGTH } from '../protocol/limits.js';
import { cookieProperties } from './cookie-properties.js';
import { readCookie } from './cookies.js';
import { readIp } from './ip.js';
import { isSentByPage, type KeepsParameter, pageOf, pageProperties, readUrl } from './page.js';
import { plainText } from './plain-text.js';
import type { ReadVisitor } from './read-visitor.js';
import type { RequestFacts } from './request-facts.js';
import { type PinnedSession, readSession, type SessionCookies } from './session.js';
import { clientIp, type Trusts } from './trusted-proxies.js';
import type { IdentityFromLinks } from './visitor-options.js';

/** How requests are read. */
export interface Reading {
  readonly cookies: SessionCookies & { readonly visitor: string };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A header in which the platform states the visitor's address. */
  readonly ipHeader: string | undefined;
  /** `undefined` trusts nobody. */
  readonly trusts: Trusts | undefined;
  readonly identityFromLinks: IdentityFromLinks;
  /** Which query parameters addresses keep. */
  readonly keepsParameter: KeepsParameter;
}

const PINNED_SESSION = 'ours_session_id';
/** In the address, as the browser SDK reads it, or in a cookie of the site's: the SDK remembers it where no server sees it. */
const TEST_TOKEN = 'ours_test_token';
const MAX_USER_AGENT_LENGTH = 1_000;
// The first of RFC 5646's tags, of the length it advises; `*` is none.
const FIRST_LANGUAGE = /^\s*([a-z]{1,8}(?:-[a-z\d]{1,8}){0,4})\s*(?:[,;]|$)/i;

/** Reads who a request comes from and, when it is asked, what its page knew. What cannot be read is absent. */
export function readVisitor(facts: RequestFacts, reading: Reading): ReadVisitor {
  const { cookies: names } = reading;
  const cookies = facts.header('cookie') ?? '';
  const address = parametersOf(facts.url);
  /** What the address says of the page that sent the request: it is the referrer. */
  const sender = (): URLSearchParams | undefined =>
    isSentByPage(facts) ? (parametersOf(facts.header('referer')) ?? new URLSearchParams()) : undefined;
  const known = toId(readCookie(cookies, names.visitor));
  const link = readLink(address, known, reading.identityFromLinks);
  const userId = link.userId ?? known;
  const { session, sessionId } = readSession(cookies, names, {
    pinned: link.pinned,
    sender: () => {
      const page = sender();
      return page && { pinned: readLink(page, known, reading.identityFromLinks).pinned };
    },
    now: reading.now(),
  });
  const isFromLink = userId !== known;
  return {
    userId,
    session,
    sessionId,
    isFromLink,
    whole: () => ({
      userId,
      session,
      sessionId,
      isFromLink,
      testToken: plainText(
        address?.get(TEST_TOKEN) ?? sender()?.get(TEST_TOKEN) ?? readCookie(cookies, TEST_TOKEN),
        MAX_TOKEN_LENGTH,
      ),
      ...readSurroundings(facts, reading),
    }),
  };
}

/** What an address says of a visitor. */
interface Link {
  /** `undefined` where the address may not decide. */
  readonly userId?: string | undefined;
  readonly pinned?: PinnedSession | undefined;
}

/** What an address says of a visitor whom the cookie may know, in the browser SDK's order. */
function readLink(address: URLSearchParams | undefined, known: string | undefined, rule: IdentityFromLinks): Link {
  if (address === undefined) return {};
  const userId = toId(address.get('ours_visitor_id')) ?? toId(address.get('ours_user_id'));
  const isNew = known === undefined || known === userId;
  const decides = rule === 'always' || (rule === 'new-visitors' && isNew);
  return { userId: decides ? userId : undefined, pinned: { session: address.get(PINNED_SESSION), decides } };
}

/** The parameters of an address in which one of the browser SDK's may be. Nearly none has any, and addresses are slow to read. */
function parametersOf(url: string | null | undefined): URLSearchParams | undefined {
  return url?.includes('ours_') ? readUrl(url)?.searchParams : undefined;
}

/** Where a request comes from, and what its page knew. */
function readSurroundings(
  facts: RequestFacts,
  { cookies, now, ipHeader, trusts, keepsParameter }: Reading,
): VisitorInput {
  const peerIp = facts.peerIp?.();
  const address = readUrl(facts.url);
  if (address && trusts?.(readIp(peerIp), 0)) correctOrigin(address, facts);
  const page = pageOf(facts, address);
  const userAgent = plainText(facts.header('user-agent'), MAX_USER_AGENT_LENGTH);
  const described = pageProperties(page, keepsParameter, now());
  const properties: Record<string, string | number> = {
    ...cookieProperties(facts.header('cookie') ?? '', cookies.data),
    ...described,
  };
  if (userAgent !== undefined) properties.user_agent = userAgent;
  const language = FIRST_LANGUAGE.exec(facts.header('accept-language') ?? '')?.[1];
  if (language !== undefined) properties.browser_language = language.toLowerCase();
  return {
    ip: ipHeader
      ? readIp(facts.header(ipHeader))?.text
      : clientIp(peerIp, trusts && facts.header('x-forwarded-for'), trusts),
    userAgent,
    url: described.current_url,
    defaultProperties: properties,
  };
}

function toId(value: string | null | undefined): string | undefined {
  const id = plainText(value, MAX_ID_LENGTH);
  // What careless templates write names nobody, and must not refuse the request's events.
  return checkUserId(id) === undefined ? id : undefined;
}

/** Behind a proxy the visitor's browser has used another scheme, and perhaps another host. */
function correctOrigin(address: URL, facts: RequestFacts): void {
  const scheme = lastOf(facts.header('x-forwarded-proto'))?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') address.protocol = scheme;
  const host = lastOf(facts.header('x-forwarded-host'));
  const asked = host ? readUrl(`${address.protocol}//${host}`) : undefined;
  if (asked === undefined) return;
  // One by one: `host` without a port would leave the port at which the proxy reaches this server.
  address.hostname = asked.hostname;
  address.port = asked.port;
}

/** Of several the nearest proxy's: those before it may be invented. */
function lastOf(list: string | null | undefined): string | undefined {
  return list?.slice(list.lastIndexOf(',') + 1).trim();
}
