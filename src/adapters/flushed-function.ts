import { requireFunction } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { createFlush, flushedBeforeAnswer, type LambdaContext, type LambdaFlushOptions } from './lambda-flush.js';
import type { RequestFacts } from './request-facts.js';
import { runInScope } from './request-scope.js';
import { VISITOR_OPTIONS, type VisitorOptions } from './visitor-options.js';
import {
  createRequestScopes,
  type OpenScope,
  type VisitorClient,
  type WithoutVisitor,
  type WithVisitor,
} from './visitor-scopes.js';
import { attachVisitor } from './web-request.js';

const OPTIONS: ReadonlySet<string> = new Set(['flushTimeoutMs', ...VISITOR_OPTIONS]);

/** The scopes of an HTTP function that its platform freezes or stops after the answer, and the flush before that. */
export interface FlushedScopes<Catalog extends EventCatalog, Request> {
  readonly openScope: OpenScope<Catalog, Request>;
  readonly flush: ReturnType<typeof createFlush>;
}

/** @throws {OursError} `invalid_option` */
export function createFlushedScopes<Catalog extends EventCatalog, Request>(
  ours: VisitorClient<Catalog>,
  options: VisitorOptions<Request> & LambdaFlushOptions,
  read: (request: Request) => RequestFacts,
): FlushedScopes<Catalog, Request> {
  const openScope = createRequestScopes<Catalog, Request>(ours, options, {
    read,
    waitUntilOf: () => flushedBeforeAnswer,
    knowsPeer: true,
    options: OPTIONS,
  });
  return { openScope, flush: createFlush(ours, options) };
}

/**
 * A handler whose events are delivered before it answers.
 * @param limits what of the context limits the time for that
 * @throws {OursError} `invalid_option`
 */
export function flushBeforeAnswer<Catalog extends EventCatalog, Request, Context, Answer>(
  { openScope, flush }: FlushedScopes<Catalog, Request>,
  handler: (request: Request & WithVisitor<Catalog>, context: Context) => Promise<Answer> | Answer,
  limits: (context: Context) => LambdaContext | undefined,
): (request: WithoutVisitor<Request, Catalog>, context: Context) => Promise<Answer> {
  requireFunction('handler', handler);
  return async (own, context) => {
    const request = own as Request;
    const scope = openScope(request);
    try {
      return await runInScope(scope, () => handler(attachVisitor(request, scope), context));
    } finally {
      await flush(limits(context));
    }
  };
}
