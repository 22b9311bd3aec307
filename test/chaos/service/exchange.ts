import type { ServerResponse } from 'node:http';
import type { Random } from '../random.js';

/** One event of a request. An identify request has exactly one. */
export interface WireRow {
  readonly event?: string;
  readonly distinctId?: string;
  readonly userId?: string;
  readonly time?: number;
  readonly eventProperties?: Readonly<Record<string, string | null>>;
  readonly userProperties?: Readonly<Record<string, unknown>>;
}

/** The status and JSON body of an answer of the service. */
export interface OwnAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A request that was read completely, and the means to answer it. */
export interface Exchange {
  readonly isBatch: boolean;
  readonly rows: readonly WireRow[];
  readonly response: ServerResponse;
  readonly random: Random;
  /** The target of redirects: a server that must never receive anything. */
  readonly elsewhere: string;
  /** Accepts rows, all of them by default. The answer says which ones were rejected. */
  take(rows?: readonly WireRow[]): OwnAnswer;
}

/** Sends an answer of the service, with the correct `Date`. */
export function sendOwn(
  { response }: Exchange,
  { status, body }: OwnAnswer,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Takes back the correct `Date`, which every answer has otherwise. */
export function withoutDate(response: ServerResponse): void {
  response.sendDate = false;
  response.removeHeader('date');
}
