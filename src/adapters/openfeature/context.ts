import type { AssignOptions } from '../../assignment/assignment.js';
import type { Visitor } from '../../client/visitor.js';
import { type Refusal, typeName } from '../../core/refusal.js';
import { checkNames, fieldNames } from '../../core/unknown-names.js';
import type { EventCatalog } from '../../protocol/catalog.js';
import { checkSessionId, checkUserId } from '../../protocol/identity.js';
import { currentVisitor } from '../request-scope.js';
import type { VisitorClient } from '../visitor-scopes.js';
import type { Problem } from './resolution.js';
import type { EvaluationContext, VisitorAttributes } from './types.js';

const ATTRIBUTES = fieldNames<VisitorAttributes>({
  oursUserId: 1,
  oursSessionId: 1,
  oursUrl: 1,
  oursRecord: 1,
  oursDistinctId: 1,
});

/** A visitor, and what the context says about the page and the session. */
export interface FoundVisitor {
  readonly visitor: Visitor;
  /** Has only the options that the context gives: an `undefined` would hide what the visitor's request says. */
  readonly options: AssignOptions;
}

/** The visitor of an evaluation context, or why there is none. */
export function findVisitor<Catalog extends EventCatalog>(
  ours: VisitorClient<Catalog>,
  context: EvaluationContext,
): FoundVisitor | Problem {
  const refusal = checkContext(context);
  if (refusal !== undefined) return { code: 'INVALID_CONTEXT', message: refusal };
  const { oursUserId, targetingKey, oursSessionId, oursUrl, oursRecord } = context;
  const options = {
    ...(oursRecord !== undefined && { record: oursRecord }),
    ...(oursSessionId && { sessionId: oursSessionId }),
    ...(oursUrl && { url: oursUrl }),
  };
  const userId = oursUserId || targetingKey;
  const current = currentVisitor();
  // It also knows the session and the page.
  if (current && (!userId || userId === current.userId)) return { visitor: current, options };
  if (!userId) {
    const message =
      'no visitor: set targetingKey to the Ours visitor id (the cookie ours_device_id), or evaluate in a request that an adapter of ours-ingest handles.';
    return { code: 'TARGETING_KEY_MISSING', message };
  }
  const visitor = ours.visitor({ userId, sessionId: oursSessionId, url: oursUrl });
  return { visitor: visitor as unknown as Visitor, options };
}

function checkContext(context: EvaluationContext): string | undefined {
  for (const name in context) {
    // Other attributes are for other providers.
    if (!/^ours[A-Z_]/.test(name) || ATTRIBUTES.has(name)) continue;
    const refusal = checkNames({ [name]: context[name] }, ATTRIBUTES, 'the evaluation context');
    if (refusal) return refusal.message;
  }
  const { oursUserId, targetingKey, oursSessionId, oursUrl, oursRecord } = context;
  const refusal = checkId(oursUserId || targetingKey) ?? checkSessionId(oursSessionId);
  if (refusal) return refusal.message;
  if (typeof (oursUrl ?? '') !== 'string') return `oursUrl must be a string; got ${typeName(oursUrl)}.`;
  // The string 'false' would record, and an exposure cannot be undone.
  if (typeof (oursRecord ?? true) !== 'boolean')
    return `oursRecord must be true or false; got ${typeName(oursRecord)}.`;
  return undefined;
}

function checkId(userId: unknown): Refusal | undefined {
  return userId ? checkUserId(userId) : undefined;
}
