import { onTestFinished, vi } from 'vitest';
import { buildClient } from '../../src/client/client.js';
import type { ClientOptions } from '../../src/client/options.js';
import type { Client } from '../../src/client/types.js';
import type { Outcome, OutcomeInfo } from '../../src/core/outcome.js';
import { nodePlatform } from '../../src/runtime/platform-node.js';
import type { FetchInit, FetchLike, FetchResponse } from '../../src/transport/transport.js';

interface Refusal {
  readonly status: number;
  readonly page?: boolean;
  readonly retryAfterMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a request ends: an answer of the service, a page of something in between, no answer, or a broken connection. */
export type Ending =
  | 'ok'
  | 'hang'
  | 'reset'
  | Refusal
  /** The service takes the batch except these rows, which its queue fails. */
  | {
      readonly failedRows: readonly string[] | 'all';
      readonly status?: 500;
      /** Those of them that are invalid; they will never be taken. */
      readonly invalidRows?: readonly string[];
    };

/** One request as the simulated service sees it. */
export interface SimulatedRequest {
  /** Of an identify there is one: its user id. */
  readonly ids: readonly string[];
  readonly path: string;
  readonly atMs: number;
}

export interface Simulation {
  readonly client: Client;
  /** Id → when the service took it, in milliseconds since the start. */
  readonly taken: ReadonlyMap<string, number>;
  readonly requests: readonly SimulatedRequest[];
  readonly outcomes: readonly (Outcome & OutcomeInfo)[];
  readonly warnings: readonly string[];
  /** Milliseconds since the start. */
  now(): number;
  /** Lets simulated time pass. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until the condition holds, for at most so long; tells whether it does. */
  passUntil(condition: () => boolean, atMostMs: number): Promise<boolean>;
}

export interface SimulationOptions extends Partial<ClientOptions> {
  readonly latencyMs?: number;
  /** @default the simulated time */
  readonly monotonic?: () => number;
  readonly random: () => number;
  readonly endingOf: (request: SimulatedRequest) => Ending;
}

/**
 * A client and a service in simulated time: hours pass in milliseconds, and nothing depends on how fast the machine is. The
 * client is a whole one with a memory outbox; the service is its `fetch`.
 */
export function simulate({
  latencyMs = 5,
  monotonic = () => performance.now(),
  random,
  endingOf,
  ...options
}: SimulationOptions): Simulation {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const startedAt = performance.now();
  const taken = new Map<string, number>();
  const requests: SimulatedRequest[] = [];
  const outcomes: (Outcome & OutcomeInfo)[] = [];
  const warnings: string[] = [];
  const now = (): number => performance.now() - startedAt;

  const fetch: FetchLike = (url, init) =>
    new Promise((resolve, reject) => {
      const ids = idsIn(init);
      const request = { ids, path: url.slice(url.lastIndexOf('/')), atMs: now() };
      requests.push(request);
      const ending = endingOf(request);
      init.signal.addEventListener('abort', () => reject(init.signal.reason));
      if (ending === 'hang') return;
      setTimeout(() => {
        if (ending === 'reset') return reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
        if (ending !== 'ok' && !('failedRows' in ending)) return resolve(refusal(ending));
        const failed = ending === 'ok' ? [] : failedOf(ids, ending.failedRows);
        for (const id of ids) if (!failed.includes(id) && !taken.has(id)) taken.set(id, now());
        if (ending === 'ok' || failed.length === 0) return resolve(answer(200, '{"success":true}'));
        resolve(answer(ending.status ?? 207, rowsFailed(ids, failed, ending.invalidRows)));
      }, latencyMs);
    });

  const client = buildClient(
    {
      token: 'test_shop',
      logger: { warn: (message) => void warnings.push(message) },
      onOutcome: (outcome, info) => void outcomes.push({ ...outcome, ...info }),
      fetch,
      ...options,
    },
    { ...nodePlatform, now: () => Date.now(), monotonic, random, env: {} },
  );

  return {
    client,
    taken,
    requests,
    outcomes,
    warnings,
    now,
    pass: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)),
    async passUntil(condition, atMostMs) {
      const end = now() + atMostMs;
      while (!condition() && now() < end) await vi.advanceTimersByTimeAsync(Math.min(50, end - now()));
      return condition();
    },
  };
}

function idsIn({ body }: FetchInit): readonly string[] {
  const { events, userId } = JSON.parse(body) as { events?: { distinctId: string }[]; userId?: string };
  return events?.map(({ distinctId }) => distinctId) ?? [String(userId)];
}

function refusal({ status, page, retryAfterMs, headers }: Refusal): FetchResponse {
  const pause = retryAfterMs === undefined ? {} : { 'retry-after-ms': String(retryAfterMs) };
  return answer(status, page ? '<h1>no</h1>' : '{"success":false}', { ...pause, ...headers });
}

function failedOf(ids: readonly string[], failed: readonly string[] | 'all'): readonly string[] {
  return failed === 'all' ? ids : ids.filter((id) => failed.includes(id));
}

function rowsFailed(ids: readonly string[], failed: readonly string[], invalid: readonly string[] = []): string {
  const results = failed.map((id) => ({
    index: ids.indexOf(id),
    success: false,
    code: invalid.includes(id) ? 'invalid_event' : 'queue_failed',
    message: 'full',
  }));
  const accepted = ids.length - failed.length;
  return JSON.stringify({ success: accepted > 0, accepted, failed: failed.length, results });
}

function answer(status: number, text: string, headers: Readonly<Record<string, string>> = {}): FetchResponse {
  return { status, headers: { get: (name) => headers[name.toLowerCase()] ?? null }, text: async () => text };
}
