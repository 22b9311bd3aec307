import type { TransportRequest } from './request.js';
import type { SendResult } from './send-result.js';

/**
 * Sends requests and says what became of them.
 *
 * Implementations never reject: whatever happens is a {@link SendResult}, an abort included (retryable, because nothing is
 * known). One deadline covers the whole request with its answer's body.
 */
export interface Transport {
  send(request: TransportRequest, signal?: AbortSignal): Promise<SendResult>;
  /** Closes idle and busy connections; open requests end as retryable. */
  close(): Promise<void>;
}

/** The `fetch` of the platform or one that was handed in. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** What this package asks of a `fetch`. */
export interface FetchInit {
  readonly method: 'POST';
  readonly headers: Record<string, string>;
  readonly body: string;
  /** A redirect would carry the token and the events to another host. */
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
}

/** What this package reads of a response. */
export interface FetchResponse {
  readonly status: number;
  /** Whether a redirect was followed all the same. */
  readonly redirected?: boolean | undefined;
  readonly headers: { get(name: string): string | null };
  /** A web stream is read piece by piece, so that an endless answer ends; without one, `text` is called. */
  readonly body?: unknown;
  text(): Promise<string>;
}
