import type { Client, Receipt } from 'ours-ingest';
import { isOursError } from '../core/errors.js';
import type { Outcome } from '../core/outcome.js';
import { typeName } from '../core/refusal.js';
import { APIPromise } from './api-promise.js';
import type { ClientPool } from './client-pool.js';
import { APIUserAbortError, BadRequestError } from './errors.js';
import { checkCall, type RequestOptions } from './options.js';
import { toApiError } from './to-error.js';

/** How long a call waits. */
export interface Wait {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What the resources of a client share. */
export interface Calls {
  readonly pool: ClientPool;
  /**
   * Starts a call. An event is tracked now, and waited for when someone waits for the promise.
   * @param start begins the work, and returns the function that waits for its answer
   */
  call<Answer>(options: RequestOptions | undefined, start: (wait: Wait) => () => Promise<Answer>): APIPromise<Answer>;
}

export function createCalls(pool: ClientPool, defaultTimeoutMs: number): Calls {
  return {
    pool,
    call(options, start) {
      const signal = options?.signal ?? undefined;
      try {
        for (const warning of checkCall(options)) pool.warnOnce(warning);
        if (signal?.aborted) throw new APIUserAbortError();
        const wait = start({ timeoutMs: options?.timeout ?? defaultTimeoutMs, signal });
        return new APIPromise(() => wait().catch((error: unknown) => Promise.reject(toApiError(error, signal))));
      } catch (error) {
        return APIPromise.failed(toApiError(error, signal));
      }
    },
  };
}

/** Tracks or identifies: `take` gets the client of the body's token, and the body without the token. */
export function record<Fields>(
  { pool, call }: Calls,
  body: { readonly token: string },
  options: RequestOptions | undefined,
  take: (client: Client, fields: Fields) => Receipt,
): APIPromise<{ success: true }> {
  return call(options, (wait) => {
    checkBody(body);
    const { token, ...fields } = body;
    const receipt = take(pool.forSource(token), fields as Fields);
    return async () => {
      await accepted(receipt, wait);
      return { success: true };
    };
  });
}

/** Resolves when the event is safe: the service has it, or a durable outbox. With `OURS_DISABLED` nothing is sent, which is no failure. */
export async function accepted(receipt: Receipt, wait: Wait): Promise<void> {
  try {
    await receipt.stored(wait);
  } catch (error) {
    const outcome = isOursError(error) ? (error.cause as Outcome | undefined) : undefined;
    if (outcome?.status === 'dropped' && outcome.reason === 'disabled') return;
    throw error;
  }
}

/** @throws BadRequestError */
export function checkBody(body: unknown): void {
  if (typeof body === 'object' && body !== null) return;
  throw new BadRequestError(400, `the call takes an object with a token; got ${typeName(body)}.`);
}
