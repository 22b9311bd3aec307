import type { VisitorInput } from '../client/visitor.js';
import type { LambdaFlushOptions } from './lambda-flush.js';
import type { AdapterOptions } from './visitor-options.js';

/** The part of an SQS record that the adapter uses. */
export interface SqsRecord {
  readonly messageId: string;
  readonly eventSourceARN: string;
}

export interface SqsEvent<Record> {
  readonly Records: readonly Record[];
}

/** The records that SQS should deliver again. */
export interface SqsAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

/** The options of `sqsHandler`. */
export interface SqsOptions<Record> extends AdapterOptions<Record>, LambdaFlushOptions {
  /**
   * The visitor of a record, from what the sender put into its body or attributes; `{}` if the record has none. If it throws, for
   * example because the body is not JSON, or returns no object, SQS delivers the record again, and finally to the dead-letter
   * queue.
   */
  readonly visitorOf: (record: Record) => VisitorInput;
  /**
   * Receives what the handler or `visitorOf` threw. Errors that it throws are ignored.
   * @default a warning with the message's id and the error's name
   */
  readonly onError?: ((error: unknown, record: Record) => void) | undefined;
}

/** Without the error's message, which may hold personal data. */
export function failure(source: string, error: unknown, messageId: string): string {
  const name = error instanceof Error ? error.name : typeof error;
  return `${source} threw on SQS message ${messageId} (${name}). SQS will deliver it again. Pass onError to see the error.`;
}
