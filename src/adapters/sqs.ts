import { requireFunction } from '../core/check-option.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import { callUser } from '../core/user-call.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { createFlush, flushedBeforeAnswer, type LambdaContext } from './lambda-flush.js';
import { knownVisitor } from './read-visitor.js';
import { runInScope } from './request-scope.js';
import { processBatch } from './sqs-batch.js';
import { failure, type SqsAnswer, type SqsEvent, type SqsOptions, type SqsRecord } from './sqs-record.js';
import { createVisitorReader } from './sqs-visitor.js';
import { ADAPTER_OPTIONS } from './visitor-options.js';
import { createScopes, type VisitorClient, type WithoutVisitor, type WithVisitor } from './visitor-scopes.js';
import { attachVisitor } from './web-request.js';

const OPTIONS: ReadonlySet<string> = new Set(['visitorOf', 'onError', 'flushTimeoutMs', ...ADAPTER_OPTIONS]);

/**
 * A handler for SQS that processes each record separately, in its own scope: SQS redelivers only the records that failed. A record
 * whose visitor cannot be read fails without reaching the handler. Set `ReportBatchItemFailures` on the event source; without it
 * SQS treats every answer as success.
 *
 * SQS delivers some messages twice, so derive each event's `distinctId` from what happened. If an event must not be lost, await
 * it: `await record.visitor.track(…).stored({ timeoutMs })` throws if it is not safe.
 *
 * @throws {OursError} `invalid_option`
 */
export function sqsHandler<Catalog extends EventCatalog, Record extends SqsRecord, Context extends LambdaContext>(
  ours: VisitorClient<Catalog>,
  handler: (record: Record & WithVisitor<Catalog>, context: Context) => unknown,
  options: SqsOptions<Record>,
): (event: SqsEvent<WithoutVisitor<Record, Catalog>>, context: Context) => Promise<SqsAnswer> {
  requireFunction('visitorOf', options?.visitorOf);
  const reader = createVisitorReader(options.visitorOf);
  const openScope = createScopes<Catalog, Record>(ours, options, {
    read: (record) => knownVisitor(reader.read(record)),
    waitUntilOf: () => flushedBeforeAnswer,
    options: OPTIONS,
  });
  const flush = createFlush(ours, options);
  const warnings = createWarnOnce(guardLogger(options.logger ?? console), () => performance.now());

  function fail(source: 'the handler' | 'visitorOf', error: unknown, record: Record): false {
    if (options.onError === undefined) warnings.throttledEach(failure(source, error, record.messageId));
    // An error here must not fail the other records.
    callUser(() => options.onError?.(error, record));
    return false;
  }

  async function work(record: Record, context: Context): Promise<boolean> {
    const scope = openScope(record);
    // Read now, not on first use: the handler may be halfway through by then.
    void scope.visitor.userId;
    const failed = reader.takeError(record);
    if (failed !== undefined) return fail('visitorOf', failed.error, record);
    try {
      await runInScope(scope, () => handler(attachVisitor(record, scope), context));
      return true;
    } catch (error) {
      return fail('the handler', error, record);
    }
  }

  return async (event, context) => {
    try {
      return await processBatch(event.Records as readonly Record[], (record) => work(record, context));
    } finally {
      await flush(context);
    }
  };
}
