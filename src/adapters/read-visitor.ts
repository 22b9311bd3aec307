import type { VisitorInput } from '../client/visitor.js';
import { checkUserId } from '../protocol/identity.js';
import { MAX_ID_LENGTH, MAX_TOKEN_LENGTH } from '../protocol/limits.js';
import { type SessionState, sessionOf } from '../protocol/session.js';
import { readUrl } from './address.js';
import { readCookie } from './cookies.js';
import { readIp } from './ip.js';
import { addPageProperties, isSentByPage, pageOf } from './page.js';
import { plainText, type RequestFacts } from './request-facts.js';
import type { ResolvedReading } from './resolve-reading.js';
import { addCookieProperties, readSdkData, type SdkData } from './sdk-cookies.js';
import { type PinnedSession, readSession } from './session.js';
import { clientIp, correctOrigin } from './trusted-proxies.js';
import type { IdentityFromLinks } from './visitor-options.js';

/** The visitor of a request: the identity is read at once, the rest only when an event needs it, which is rare. */
export interface RequestVisitor {
  readonly userId?: string | undefined;
  readonly session: SessionState;
  readonly sessionId?: string | undefined;
  /** Whether a link set the visitor's id. */
  readonly isFromLink?: boolean | undefined;
  /** Reads the rest. Called at most once. */
  toInput(): VisitorInput;
}

export const UNKNOWN_VISITOR: RequestVisitor = { session: 'unknown', toInput: () => ({}) };

/** A visitor that needs no further reading. */
export function knownVisitor(input: VisitorInput): RequestVisitor {
  return { userId: input.userId, ...sessionOf(input), toInput: () => input };
}

const PINNED_SESSION = 'ours_session_id';
/** Read from the address, like the browser SDK does, or from a cookie that the site sets: the SDK stores it where servers cannot see it. */
const TEST_TOKEN = 'ours_test_token';
const MAX_USER_AGENT_LENGTH = 1_000;
// The first tag of RFC 5646, with the length it recommends; `*` does not match.
const FIRST_LANGUAGE = /^\s*([a-z]{1,8}(?:-[a-z\d]{1,8}){0,4})\s*(?:[,;]|$)/i;

/** Reads the visitor of a request. Anything that cannot be read is left out. */
export function readVisitor(facts: RequestFacts, reading: ResolvedReading): RequestVisitor {
  const { cookies: names, identityFromLinks: rule } = reading;
  const cookies = facts.header('cookie') ?? '';
  const address = mentionsSdk(facts.target ?? facts.url) ? parametersOf(facts.url) : undefined;
  /** The parameters of the page that sent the request: its address is the referrer. */
  const sender = (): URLSearchParams | undefined =>
    isSentByPage(facts) ? (parametersOf(facts.header('referer')) ?? new URLSearchParams()) : undefined;
  const known = toId(readCookie(cookies, names.visitor));
  const link = readLink(address, known, rule);
  const userId = link.userId ?? known;
  const data = readSdkData(cookies, names.data);
  const { session, sessionId } = readSession({
    data,
    older: () => readCookie(cookies, names.session),
    pinned: link.pinned,
    sender: () => {
      const page = sender();
      return page && { pinned: readLink(page, known, rule).pinned };
    },
    now: reading.now(),
  });
  const isFromLink = userId !== known;
  return {
    userId,
    session,
    sessionId,
    isFromLink,
    toInput: () => ({
      userId,
      session,
      sessionId,
      isFromLink,
      testToken: plainText(
        address?.get(TEST_TOKEN) ?? sender()?.get(TEST_TOKEN) ?? readCookie(cookies, TEST_TOKEN),
        MAX_TOKEN_LENGTH,
      ),
      ...readContext(facts, reading, data),
    }),
  };
}

/** What an address says about the visitor. */
interface Link {
  /** `undefined` if the rule does not let the address decide. */
  readonly userId?: string | undefined;
  readonly pinned?: PinnedSession | undefined;
}

/** `known` is the visitor in the cookie. The order of the parameters is the browser SDK's. */
function readLink(address: URLSearchParams | undefined, known: string | undefined, rule: IdentityFromLinks): Link {
  if (address === undefined) return {};
  const userId = toId(address.get('ours_visitor_id')) ?? toId(address.get('ours_user_id'));
  const isNew = known === undefined || known === userId;
  const decides = rule === 'always' || (rule === 'new-visitors' && isNew);
  return { userId: decides ? userId : undefined, pinned: { session: address.get(PINNED_SESSION), decides } };
}

/** Parses only addresses that may hold a parameter of the browser SDK: few do, and parsing is slow. */
function parametersOf(url: string | null | undefined): URLSearchParams | undefined {
  const address = mentionsSdk(url) ? readUrl(url) : undefined;
  return address && new URLSearchParams(address.search);
}

function mentionsSdk(text: string | null | undefined): boolean {
  return !!text?.includes('ours_');
}

/** The visitor's address and browser, and the page. */
function readContext(
  facts: RequestFacts,
  { now, ipHeader, trusts, keepsParameter }: ResolvedReading,
  data: SdkData,
): VisitorInput {
  const peerIp = facts.peerIp?.();
  const own = readUrl(facts.url);
  const address = own && trusts?.(readIp(peerIp), 0) ? correctOrigin(own, facts) : own;
  const userAgent = plainText(facts.header('user-agent'), MAX_USER_AGENT_LENGTH);
  // One map that each adds to: copying it costs more than filling it.
  const properties: Record<string, string | number> = {};
  addPageProperties(properties, pageOf(facts, address), keepsParameter, now());
  addCookieProperties(properties, facts.header('cookie') ?? '', data);
  if (userAgent !== undefined) properties.user_agent = userAgent;
  const language = FIRST_LANGUAGE.exec(facts.header('accept-language') ?? '')?.[1];
  if (language !== undefined) properties.browser_language = language.toLowerCase();
  return {
    ip: ipHeader
      ? readIp(facts.header(ipHeader))?.text
      : clientIp(peerIp, trusts && facts.header('x-forwarded-for'), trusts),
    userAgent,
    url: properties.current_url as string | undefined,
    defaultProperties: properties,
  };
}

function toId(value: string | null | undefined): string | undefined {
  const id = plainText(value, MAX_ID_LENGTH);
  // A faulty template writes 'undefined' or 'null'. That identifies nobody, and the request's events must not be rejected for it.
  return checkUserId(id) === undefined ? id : undefined;
}
