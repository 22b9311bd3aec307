import { isOursError } from '../core/errors.js';

/**
 * Tells whether an error of `verify` means that the signature could not be checked, not that it is wrong: the provider that
 * checks it was not reached, took too long or failed. `verify` says so itself by throwing `verification_unavailable`; here are
 * the errors that HTTP clients throw of their own accord.
 */
export function isUnavailable(error: unknown): boolean {
  for (let each = error, depth = 0; isObject(each) && depth < MAX_CAUSES; each = each.cause, depth += 1) {
    if (isOursError(each)) return each.code === 'verification_unavailable';
    if (isNetworkError(each) || isServerFailure(each)) return true;
  }
  return false;
}

const MAX_CAUSES = 5;

interface ErrorFields {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly response?: { readonly status?: unknown } | null;
}

function isNetworkError({ name, message, code }: ErrorFields): boolean {
  if (name === 'TimeoutError' || name === 'AbortError') return true;
  if (typeof code === 'string' && NETWORK_CODE.test(code)) return true;
  return name === 'TypeError' && typeof message === 'string' && FETCH_FAILURE.test(message);
}

/** Codes of Node's sockets and DNS, of undici and of axios. `ERR_…` otherwise is Node's for wrong arguments, as of a forgery. */
const NETWORK_CODE =
  /^(E(?!RR_)[A-Z_]+|UND_ERR_\w+|ERR_NETWORK|ERR_BAD_RESPONSE|Connection(Refused|Closed|Reset)|FailedToOpenSocket)$/;

/** What `fetch` says on Node, Deno, Bun and Workers when it gets no answer. */
const FETCH_FAILURE = /^(fetch failed|terminated|error sending request|Unable to connect|Network connection lost)/i;

function isServerFailure({ status, statusCode, response }: ErrorFields): boolean {
  return [status, statusCode, response?.status].some(
    (each) => typeof each === 'number' && (each >= 500 || each === 429 || each === 408),
  );
}

function isObject(value: unknown): value is ErrorFields {
  return typeof value === 'object' && value !== null;
}
