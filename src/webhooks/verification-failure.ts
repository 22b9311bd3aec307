import { isOursError } from '../core/errors.js';

/** Why a webhook was not verified: the signature is wrong, it could not be checked now, or the endpoint is set up wrongly. */
export type VerificationFailure =
  | { readonly kind: 'invalid'; readonly cause: string }
  | { readonly kind: 'unavailable'; readonly cause: string }
  | { readonly kind: 'misconfigured'; readonly message: string };

/** @param isLate whether `verify` took longer than the timeout */
export function toVerificationFailure(error: unknown, isLate: boolean): VerificationFailure {
  if (isLate || isUnavailable(error)) {
    return { kind: 'unavailable', cause: isOursError(error) ? error.message : nameOf(error) };
  }
  if (isOursError(error)) return { kind: 'misconfigured', message: error.message };
  return { kind: 'invalid', cause: nameOf(error) };
}

/**
 * The name of an error; its message may hold what was signed. Errors of Stripe's package are all named `Error`, and a minified
 * bundle changes class names: `type` remains.
 */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  if (error.name !== 'Error') return error.name;
  const { type } = error as { readonly type?: unknown };
  return typeof type === 'string' && /^\w+$/.test(type) ? type : error.constructor.name;
}

/**
 * Whether an error of `verify` means that the signature could not be checked: the provider that checks it was not reached, took too
 * long or failed. `verify` can throw `verification_unavailable`; the rest are errors of HTTP clients.
 */
function isUnavailable(error: unknown): boolean {
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

/** Codes of Node's sockets and DNS, of undici and axios. Other `ERR_…` codes are Node's for invalid arguments, as in a forgery. */
const NETWORK_CODE =
  /^(E(?!RR_)[A-Z_]+|UND_ERR_\w+|ERR_NETWORK|ERR_BAD_RESPONSE|Connection(Refused|Closed|Reset)|FailedToOpenSocket)$/;

/** The message of `fetch` without a response, on Node, Deno, Bun and Workers. */
const FETCH_FAILURE = /^(fetch failed|terminated|error sending request|Unable to connect|Network connection lost)/i;

function isServerFailure({ status, statusCode, response }: ErrorFields): boolean {
  return [status, statusCode, response?.status].some(
    (each) => typeof each === 'number' && (each >= 500 || each === 429 || each === 408),
  );
}

function isObject(value: unknown): value is ErrorFields {
  return typeof value === 'object' && value !== null;
}
