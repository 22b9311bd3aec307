import type { SqsAnswer, SqsRecord } from './sqs-record.js';

/**
 * Processes the records of an invocation and returns those that failed. In a FIFO queue, everything from the first failure on is
 * redelivered, in order; other queues process their records concurrently.
 * @param work whether the record succeeded; must not throw
 */
export async function processBatch<Record extends SqsRecord>(
  records: readonly Record[],
  work: (record: Record) => Promise<boolean>,
): Promise<SqsAnswer> {
  const isFifo = records[0]?.eventSourceARN.endsWith('.fifo') === true;
  const failed = await (isFifo ? inOrder : concurrently)(records, work);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function concurrently<Record>(
  records: readonly Record[],
  work: (record: Record) => Promise<boolean>,
): Promise<readonly Record[]> {
  const succeeded = await Promise.all(records.map(work));
  return records.filter((_, at) => !succeeded[at]);
}

async function inOrder<Record>(
  records: readonly Record[],
  work: (record: Record) => Promise<boolean>,
): Promise<readonly Record[]> {
  for (const [at, record] of records.entries()) if (!(await work(record))) return records.slice(at);
  return [];
}
