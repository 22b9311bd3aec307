import { checkTimeout } from '../core/check-timeout.js';
import { typeName } from '../core/refusal.js';
import { checkNames, fieldNames } from '../core/unknown-names.js';
import { type Checked, MISUSE } from '../protocol/event.js';
import { checkSessionId, checkText, checkUserId, toSid } from '../protocol/identity.js';
import { MAX_ID_LENGTH, MAX_SESSION_MS } from '../protocol/limits.js';
import type { WireAssignmentRequest } from '../protocol/wire.js';
import type { AssignOptions } from './assignment.js';
import { keyPrefix } from './exposure-key.js';
import { NoAnswer } from './no-answer.js';

/**
 * How long an exposure without a session also covers the visitor's next session. All requests of a landing are within this time,
 * so the exposure is recorded once. The visitor's next time without a session comes later: only after 30 minutes without activity,
 * minus the 5 by which clocks may differ (`adapters/session-end.ts`).
 */
const SESSIONLESS_TTL_MS = 25 * 60_000;

export type WaitOptions = Pick<AssignOptions, 'timeoutMs' | 'signal'>;
/** Options with the visitor. */
export type Asked<Options> = Options & Checked & { readonly userId: string | undefined };
/** The input of an assignment. */
export type AssignQuestion = Asked<AssignOptions>;

const WAITING = { timeoutMs: 1, signal: 1 } as const;
export const WAIT_OPTIONS: ReadonlySet<string> = fieldNames<WaitOptions>(WAITING);
export const ASSIGN_OPTIONS: ReadonlySet<string> = fieldNames<AssignOptions>({
  ...WAITING,
  sessionId: 1,
  url: 1,
  search: 1,
  record: 1,
  forceVariant: 1,
});
export const WAIT_NAMES: ReadonlySet<string> = new Set(['userId', ...WAIT_OPTIONS]);
const ASSIGN_NAMES: ReadonlySet<string> = new Set(['userId', ...ASSIGN_OPTIONS]);

/** A question to the service. Every key begins with the visitor's {@link keyPrefix}. */
export interface Question {
  readonly experimentKey: string;
  readonly body: WireAssignmentRequest;
  readonly record: boolean;
  /** Key of the answer, which depends on the page, not on the session. */
  readonly page: string;
  /** Key of the exposure, which depends on the session, not on the page. Without a session, the visitor until a session is known. */
  readonly unit: string;
  /** How long the unit stays the same. */
  readonly unitMs: number;
  /** Key of the last assignment, which is shown again in an outage: in any session, on a page with the same path. */
  readonly place: string;
}

/** @param asked with a visitor */
export function toQuestion(experimentKey: string, asked: AssignQuestion): Question {
  const { url, search } = asked;
  const userId = asked.userId!;
  const body: WireAssignmentRequest = { visitor_id: userId };
  if (url || search) body.context = { ...(url && { url }), ...(search && { search }) };
  const sid = toSid(asked.sessionId);
  const prefix = keyPrefix(userId);
  const keyOf = (what: unknown): string => prefix + JSON.stringify([experimentKey, what]);
  return {
    experimentKey,
    body,
    record: asked.record ?? true,
    page: keyOf(body.context),
    unit: keyOf(sid),
    unitMs: sid === undefined ? SESSIONLESS_TTL_MS : MAX_SESSION_MS,
    place: keyOf(String(url ?? '').replace(/[?#].*/s, '')),
  };
}

/** What is wrong with the input of `assign()`. */
export function checkAssign(experimentKey: string, asked: AssignQuestion): NoAnswer | undefined {
  const misuse = checkAsked('assign()', asked, ASSIGN_NAMES);
  // Without a visitor there is a separate answer, even if other fields are invalid.
  if (misuse || !asked.userId) return misuse;
  const refusal = checkText('experiment key', experimentKey, MAX_ID_LENGTH) ?? checkSessionId(asked.sessionId);
  if (refusal) return new NoAnswer(refusal.message);
  const { record } = asked;
  // The string 'false' from an environment variable would record, and an impression cannot be undone.
  if (typeof (record ?? true) !== 'boolean') {
    return new NoAnswer(`record must be true or false; got ${typeName(record)}.`);
  }
  return undefined;
}

/** What is wrong with the input of any call. */
export function checkAsked(call: string, asked: Asked<WaitOptions>, known: ReadonlySet<string>): NoAnswer | undefined {
  if (typeof asked !== 'object' || asked === null) {
    return new NoAnswer(`${call} takes { userId }; got ${typeName(asked)}.`);
  }
  const { userId, timeoutMs } = asked;
  const isMissing = userId === undefined || userId === null || userId === '';
  const refusal =
    asked[MISUSE] ??
    checkNames(asked, known, call) ??
    checkTimeout(timeoutMs) ??
    (isMissing ? undefined : checkUserId(userId));
  return refusal && new NoAnswer(refusal.message);
}
