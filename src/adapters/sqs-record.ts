import type { VisitorInput } from '../client/visitor.js';
import type { LambdaFlushOptions } from './lambda-flush.js';
import type { AdapterOptions } from './visitor-options.js';

/** What is needed of an SQS record. */
export interface SqsRecord {
  readonly messageId: string;
  readonly eventSourceARN: string;
}

export interface SqsEvent<Record> {
  readonly Records: readonly Record[];
}

/** Which records SQS is to deliver again. */
export interface SqsAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

/** How the records of a queue are read. */
export interface SqsOptions<Record> extends AdapterOptions<Record>, LambdaFlushOptions {
  /**
   * Whom a record is about: what the sender has put into its body or attributes. What it throws, for a body that is no JSON, makes
   * SQS deliver the record again, and at last to the dead-letter queue.
   */
  readonly visitorOf: (record: Record) => VisitorInput;
  /**
   * Hears what the handler or `visitorOf` threw; what it throws itself is ignored.
   * @default a warning with the message's id and the error's name
   */
  readonly onError?: ((error: unknown, record: Record) => void) | undefined;
}

/** The error's own message may tell of the visitor. */
export function failure(who: string, error: unknown, messageId: string): string {
  const name = error instanceof Error ? error.name : typeof error;
  return `${who} threw on SQS message ${messageId} (${name}): SQS delivers it again. Pass onError to see what it threw.`;
}
