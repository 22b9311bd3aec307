import { isOursError, type OursError } from '../core/errors.js';
import type { Outcome } from '../core/outcome.js';
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIUserAbortError,
  BadRequestError,
  errorOfStatus,
  InternalServerError,
  OursPrivacyError,
} from './errors.js';

/** An error of the client, as the official SDK throws it. */
export function toApiError(error: unknown, signal?: AbortSignal | null): OursPrivacyError {
  if (error instanceof OursPrivacyError) return error;
  if (signal?.aborted) return new APIUserAbortError();
  if (isOursError(error)) return fromOursError(error);
  if (error instanceof Error && error.name === 'TimeoutError') {
    const message = `${error.message} Do not send it again, or only with the same distinctId.`;
    return new APIConnectionTimeoutError({ message, cause: error });
  }
  return new OursPrivacyError(error instanceof Error ? error.message : String(error), { cause: error });
}

function fromOursError(error: OursError): OursPrivacyError {
  const { code, message, cause } = error;
  // A call names its token, so a wrong token is a bad call.
  if (code === 'invalid_option') return new BadRequestError(400, message, error);
  if (code === 'assignment_failed') return fromAnswer(error);
  if ((code === 'rejected' || code === 'not_stored') && cause !== undefined)
    return fromOutcome(cause as Outcome, error);
  return new APIConnectionError({ message, cause: error });
}

function fromOutcome(outcome: Outcome, error: OursError): OursPrivacyError {
  const { message } = error;
  if (outcome.status === 'rejected') return errorOfStatus(statusIn(message) ?? 400, message, error);
  if (outcome.status === 'dropped' && outcome.reason === 'too_old') return new BadRequestError(400, message, error);
  if (outcome.status === 'dropped' && outcome.reason === 'retries_exhausted') {
    return new InternalServerError(500, message, error);
  }
  return new APIConnectionError({ message, cause: error });
}

/** A failed assignment. Unlike an event, it is not asked again later. */
function fromAnswer(error: OursError): OursPrivacyError {
  const { message } = error;
  const status = statusIn(message);
  if (status !== undefined) return errorOfStatus(status, message, error);
  const Found = /no answer within/.test(message) ? APIConnectionTimeoutError : APIConnectionError;
  return new Found({ message, cause: error });
}

/** Messages are the only place where a client names the status of an answer. */
function statusIn(message: string): number | undefined {
  const [, digits] = /\bHTTP (\d{3})\b/.exec(message) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
