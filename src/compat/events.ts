import type { IdentifyInput, TrackInput } from 'ours-ingest';
import type { APIPromise } from './api-promise.js';
import { accepted, type Calls, checkBody, record, type Wait } from './calls.js';
import { APIError, BadRequestError, type OursPrivacyError } from './errors.js';
import type { RequestOptions } from './options.js';
import type {
  BatchCreateParams,
  BatchCreateResponse,
  BatchRowResult,
  TrackEventParams,
  TrackEventResponse,
  VisitorUpsertParams,
  VisitorUpsertResponse,
} from './params.js';
import { toApiError } from './to-error.js';

/** `client.track` */
export class Track {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Tracks an event. Resolves when the service, or a durable outbox, has it. @throws {APIError} */
  event(body: TrackEventParams, options?: RequestOptions): APIPromise<TrackEventResponse> {
    return record(this.#calls, body, options, (client, fields: TrackInput) => client.track(fields));
  }
}

/** `client.visitor` */
export class Visitor {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Sends the names and properties of a person. Resolves when the service, or a durable outbox, has them. @throws {APIError} */
  upsert(body: VisitorUpsertParams, options?: RequestOptions): APIPromise<VisitorUpsertResponse> {
    return record(this.#calls, body, options, (client, fields: IdentifyInput) => {
      if ((fields.userProperties ?? undefined) === undefined)
        throw new BadRequestError(400, 'userProperties is required.');
      return client.identify(fields);
    });
  }
}

/** `client.batch` */
export class Batch {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * Tracks events. Resolves to a result for each. They need not travel in one request.
   * @throws {APIError} if no event was accepted, and at least one may be accepted later
   */
  create(body: BatchCreateParams, options?: RequestOptions): APIPromise<BatchCreateResponse> {
    const { pool, call } = this.#calls;
    return call(options, (wait) => {
      checkBody(body);
      const { token, events } = body;
      if (!Array.isArray(events) || events.length === 0) {
        throw new BadRequestError(400, 'events must be an array with at least one event.');
      }
      const client = pool.forSource(token);
      const rows = (events as readonly (TrackInput | null | undefined)[]).map((row) => {
        // The service requires it. With a generated id a repeated batch would count twice.
        if (!row?.distinctId) return new BadRequestError(400, 'distinctId is required in every row of a batch.');
        const receipt = client.track(row);
        return (timing: Wait) => accepted(receipt, timing);
      });
      return async () => answerOf(await Promise.all(rows.map((row) => failureOf(row, wait))));
    });
  }
}

/** Why a row failed; `undefined` if it was accepted. */
async function failureOf(
  row: BadRequestError | ((wait: Wait) => Promise<void>),
  wait: Wait,
): Promise<OursPrivacyError | undefined> {
  if (row instanceof BadRequestError) return row;
  return row(wait).then(
    () => undefined,
    (error: unknown) => toApiError(error, wait.signal),
  );
}

function answerOf(failures: readonly (OursPrivacyError | undefined)[]): BatchCreateResponse {
  const failed = failures.filter((failure) => failure !== undefined);
  const temporary = failed.find((failure) => !isPermanent(failure));
  // The service answers 500 then, which the official SDK throws.
  if (temporary !== undefined && failed.length === failures.length) throw temporary;
  const results = failures.map((failure, index): BatchRowResult => {
    if (failure === undefined) return { index, success: true };
    const code = isPermanent(failure) ? 'invalid_event' : 'queue_failed';
    return { index, success: false, code, message: failure.message };
  });
  return { success: failed.length === 0, accepted: failures.length - failed.length, failed: failed.length, results };
}

/** Whether the service would refuse it again. */
function isPermanent(error: OursPrivacyError): boolean {
  const status = error instanceof APIError ? error.status : undefined;
  return status !== undefined && status < 500;
}
