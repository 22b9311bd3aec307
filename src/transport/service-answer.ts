/** What the service's JSON may carry besides `success`. Another server's JSON may use the same names, so nothing is trusted. */
export interface ServiceAnswer {
  readonly success: boolean;
  readonly accepted?: unknown;
  readonly failed?: unknown;
  readonly results?: unknown;
  readonly limit?: unknown;
  readonly error?: unknown;
  readonly message?: unknown;
}

/**
 * The body as the service's own answer, or `undefined` when something else has answered: a proxy's page, an API gateway's
 * `{"message":"Forbidden"}`, an empty or truncated body. The service documents one mark that all its answers share: a JSON
 * object with a boolean `success`.
 *
 * Only its own answer may count as delivery, refuse an event or a token, state a limit, or teach the clock.
 */
export function readServiceAnswer(text: string): ServiceAnswer | undefined {
  try {
    // A byte order mark is no JSON, but some servers send one.
    const body = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof body?.success === 'boolean' ? body : undefined;
  } catch {
    return undefined;
  }
}
