import type { VisitorInput } from '../client/visitor.js';
import { requireFunction } from '../core/check-option.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import { callUser, ignoreRejection, isPromise } from '../core/user-call.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { createFlush, flushedBeforeAnswer, type LambdaContext } from './lambda-flush.js';
import { knownVisitor } from './read-visitor.js';
import { runInScope } from './request-scope.js';
import { createScopes, type VisitorClient, type WithoutVisitor, type WithVisitor } from './request-visitors.js';
import { failure, type SqsAnswer, type SqsEvent, type SqsOptions, type SqsRecord } from './sqs-record.js';
import { ADAPTER_OPTIONS } from './visitor-options.js';
import { attachVisitor } from './web-request.js';

const OPTIONS: ReadonlySet<string> = new Set(['visitorOf', 'onError', 'flushTimeoutMs', ...ADAPTER_OPTIONS]);

/**
 * A handler for SQS that works on every record by itself, in the record's own scope: one that throws is delivered again, the
 * others are not. So is one whose visitor cannot be read, which the handler does not see. Needs `ReportBatchItemFailures` on the
 * event source; without it SQS takes every answer for success.
 *
 * Events need a `distinctId` named after what happened, because SQS delivers some messages twice. A record whose
 * event must not be lost awaits it: `await record.visitor.track(…).stored({ timeoutMs })` throws when it is not safe.
 *
 * @throws {OursError} `invalid_option`
 */
export function sqsHandler<Catalog extends EventCatalog, Record extends SqsRecord, Context extends LambdaContext>(
  ours: VisitorClient<Catalog>,
  handler: (record: Record & WithVisitor<Catalog>, context: Context) => unknown,
  options: SqsOptions<Record>,
): (event: SqsEvent<WithoutVisitor<Record, Catalog>>, context: Context) => Promise<SqsAnswer> {
  requireFunction('visitorOf', options?.visitorOf);
  const unreadable = new WeakMap<Record, { readonly error: unknown }>();
  const openScope = createScopes<Catalog, Record>(ours, options, {
    read: (record) => knownVisitor(visitorOf(record)),
    waitUntilOf: () => flushedBeforeAnswer,
    options: OPTIONS,
  });
  const flush = createFlush(ours, options);
  const warnings = createWarnOnce(guardLogger(options.logger ?? console), () => performance.now());

  /** A request goes on whatever reading its visitor throws; a record comes again, so what was thrown is kept. */
  function visitorOf(record: Record): VisitorInput {
    try {
      const visitor = options.visitorOf(record);
      if (!isPromise(visitor)) return visitor;
      ignoreRejection(visitor);
      throw new TypeError('visitorOf returned a promise; it must be synchronous.');
    } catch (error) {
      unreadable.set(record, { error });
      return {};
    }
  }

  function tell(who: 'the handler' | 'visitorOf', error: unknown, record: Record): void {
    if (options.onError === undefined) warnings.throttledEach(failure(who, error, record.messageId));
    // What it throws must not make the other records come again.
    callUser(() => options.onError?.(error, record));
  }

  /** Whether the record is done with. */
  async function work(record: Record, context: Context): Promise<boolean> {
    const scope = openScope(record);
    // Read now, not when the handler asks: by then it may have done half of its work.
    void scope.visitor.userId;
    const unread = unreadable.get(record);
    unreadable.delete(record);
    if (unread !== undefined) {
      tell('visitorOf', unread.error, record);
      return false;
    }
    try {
      await runInScope(scope, () => handler(attachVisitor(record, scope), context));
      return true;
    } catch (error) {
      tell('the handler', error, record);
      return false;
    }
  }

  return async (event, context) => {
    const records = event.Records as readonly Record[];
    try {
      const inOrder = records[0]?.eventSourceARN.endsWith('.fifo') === true;
      const failed = inOrder ? await oneByOne(records, context) : await allAtOnce(records, context);
      return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    } finally {
      await flush(context);
    }
  };

  async function allAtOnce(records: readonly Record[], context: Context): Promise<readonly Record[]> {
    const done = await Promise.all(records.map((record) => work(record, context)));
    return records.filter((_, at) => !done[at]);
  }

  /** A queue that keeps its order gets back everything from the first failure on. */
  async function oneByOne(records: readonly Record[], context: Context): Promise<readonly Record[]> {
    for (const [at, record] of records.entries()) if (!(await work(record, context))) return records.slice(at);
    return [];
  }
}
