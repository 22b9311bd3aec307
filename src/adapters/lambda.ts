import type { EventCatalog } from '../protocol/catalog.js';
import { createFlushedScopes, flushBeforeAnswer } from './flushed-function.js';
import { lambdaFacts } from './lambda-event.js';
import type { LambdaContext, LambdaFlushOptions } from './lambda-flush.js';
import type { VisitorOptions } from './visitor-options.js';
import type { VisitorClient, WithoutVisitor, WithVisitor } from './visitor-scopes.js';

/** The options of `lambdaHandler`. */
export interface LambdaOptions<Event> extends VisitorOptions<Event>, LambdaFlushOptions {}

/**
 * A handler for API Gateway (payload 1.0 and 2.0), function URLs and Application Load Balancers. The event has `visitor`. Tracked
 * events are delivered before the answer, because Lambda freezes the function after it. `handler` returns a promise; callbacks
 * are not supported.
 *
 * `trustProxy` counts the proxies in front of the gateway or load balancer, which itself reports the address it saw. A load
 * balancer appends it to `X-Forwarded-For`: leave its setting on `append`.
 *
 * To type the event: `APIGatewayProxyEventV2 & WithVisitor<typeof events>`.
 *
 * @example
 * export const handler = lambdaHandler(ours, async (event) => { event.visitor.track('signup'); return { statusCode: 204 }; });
 *
 * @throws {OursError} `invalid_option`
 */
export function lambdaHandler<Catalog extends EventCatalog, Event, Context extends LambdaContext, Answer>(
  ours: VisitorClient<Catalog>,
  handler: (event: Event & WithVisitor<Catalog>, context: Context) => Promise<Answer> | Answer,
  options: LambdaOptions<Event> = {},
): (event: WithoutVisitor<Event, Catalog>, context: Context) => Promise<Answer> {
  return flushBeforeAnswer(
    createFlushedScopes<Catalog, Event>(ours, options, lambdaFacts),
    handler,
    (context) => context,
  );
}

export type { LambdaContext, LambdaFlushOptions } from './lambda-flush.js';
export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
export { sqsHandler } from './sqs.js';
export type { SqsAnswer, SqsEvent, SqsOptions, SqsRecord } from './sqs-record.js';
export type { WithoutVisitor, WithVisitor } from './visitor-scopes.js';
