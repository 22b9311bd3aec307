import type { VisitorInput } from '../client/visitor.js';
import { type SessionState, sessionOf } from '../protocol/session.js';

/** A visitor as far as a request has been read: who it is at once, the rest when an event needs it, which few do. */
export interface ReadVisitor {
  readonly userId?: string | undefined;
  readonly session: SessionState;
  readonly sessionId?: string | undefined;
  /** Whether a link named the visitor, over the cookies or where there were none. */
  readonly isFromLink?: boolean | undefined;
  /** Reads what is left. Called once at most. */
  whole(): VisitorInput;
}

/** The visitor of whom nothing is known. */
export const NOBODY: ReadVisitor = { session: 'unknown', whole: () => ({}) };

/** A visitor of whom nothing is left to be read. */
export function knownVisitor(input: VisitorInput): ReadVisitor {
  return { userId: input.userId, ...sessionOf(input), whole: () => input };
}
