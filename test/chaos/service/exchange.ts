import type { ServerResponse } from 'node:http';
import type { Random } from '../random.js';

/** One event of a request; an identify is a request of one. */
export interface WireRow {
  readonly event?: string;
  readonly distinctId?: string;
  readonly userId?: string;
  readonly time?: number;
  readonly eventProperties?: Readonly<Record<string, string | null>>;
  readonly userProperties?: Readonly<Record<string, unknown>>;
}

/** An answer of the service: a status and a JSON body. */
export interface OwnAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A request that was read whole, and what can be done with it. */
export interface Exchange {
  readonly isBatch: boolean;
  readonly rows: readonly WireRow[];
  readonly response: ServerResponse;
  readonly random: Random;
  /** Where a redirect leads: a server that must never be sent anything. */
  readonly elsewhere: string;
  /** Takes these rows as the service does; the answer says which of them it refused. All of them by default. */
  take(rows?: readonly WireRow[]): OwnAnswer;
}

/** Sends what the service itself says, with a true `Date`. */
export function sendOwn(
  { response }: Exchange,
  { status, body }: OwnAnswer,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
