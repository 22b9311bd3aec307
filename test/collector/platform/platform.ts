import type { Collector } from '../../../src/collector/index.js';
import { type Answered, answered } from '../posting.js';

export const KEY = 'key_of_the_platform_api';

export type Send = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answered>;

/** Sends requests to the Platform API of a collector, with an API key. */
export function platformOf(collector: Collector, key: string = KEY): Send {
  return async (method, path, body, headers = {}) =>
    answered(
      await fetch(`${collector.url}/rest/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    );
}

/** The minimal body of an experiment. */
export const posted = {
  experimentSettingsId: 'settings_local',
  key: 'checkout',
  name: 'New checkout',
  metrics: { primary: { eventName: 'purchase' } },
};

export interface VariantBody {
  readonly id: string;
  readonly name: string;
  readonly isControl: boolean;
  readonly weight: number;
}

export interface ExperimentBody {
  readonly id: string;
  readonly key: string;
  readonly status: string;
  readonly variants: readonly VariantBody[];
}

/** A draft with a control and a treatment for half of the visitors. */
export async function draftOf(send: Send, changes: object = {}): Promise<ExperimentBody> {
  const { body } = await send('POST', '/experiments', { ...posted, ...changes });
  const { id } = body as ExperimentBody;
  await send('POST', '/experiment-variants', { experimentId: id, name: 'Treatment', weight: 50 });
  return (await send('GET', `/experiments/${id}`)).body as ExperimentBody;
}
