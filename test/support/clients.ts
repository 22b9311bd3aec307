import { onTestFinished } from 'vitest';
import { buildClient } from '../../src/client/client.js';
import type { ClientOptions } from '../../src/client/options.js';
import type { Client } from '../../src/client/types.js';
import type { EventCatalog } from '../../src/protocol/catalog.js';
import { openJsonRow } from '../../src/protocol/json-row.js';
import type { Platform } from '../../src/runtime/platform.js';
import type { FetchLike } from '../../src/transport/transport.js';

export const TOKEN = 'test_7QmZ2xRkW9';
export const EXPERIMENT_TOKEN = 'exp_4HtY8bNvC3';

/** A runtime without randomness and without a network. */
export function platformWith(overrides: Partial<Platform> = {}): Platform {
  let ids = 0;
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    random: () => 0,
    randomId: () => `random-${++ids}`,
    openRow: openJsonRow,
    env: {},
    createPost: () => () => Promise.reject(new Error('no test goes to the network')),
    serverlessHost: () => undefined,
    waitUntilAdvice: 'stay awake.',
    createLifetime: () => ({ ref() {}, unref() {}, hold: (wait) => wait }),
    ...overrides,
  };
}

export interface TestClient<Catalog extends EventCatalog> {
  readonly client: Client<Catalog>;
  /** What the logger heard. */
  readonly said: string[];
}

/** A client that is closed when the test ends. Its service accepts everything unless another `fetch` is passed. */
export function clientWith<Catalog extends EventCatalog = EventCatalog>(
  options: ClientOptions<Catalog> = {},
  platform: Partial<Platform> = {},
): TestClient<Catalog> {
  const said: string[] = [];
  const logger = { warn: (message: string) => said.push(message) };
  const fetch: FetchLike = async () => answer(200, { success: true });
  const standard = { token: TOKEN, experimentToken: EXPERIMENT_TOKEN, logger, fetch };
  const client = buildClient({ ...standard, ...options } as ClientOptions<Catalog>, platformWith(platform));
  onTestFinished(async () => {
    await client.close({ timeoutMs: 0 });
  });
  return { client, said };
}

export function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  return { status, headers: new Headers(headers), text: async () => JSON.stringify(body) };
}
