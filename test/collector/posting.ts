import { onTestFinished } from 'vitest';
import { type Collector, type CollectorOptions, createCollector } from '../../src/collector/index.js';

/** A collector that closes after the test. */
export async function started(options: CollectorOptions = {}): Promise<Collector> {
  const collector = await createCollector(options);
  onTestFinished(() => collector.close());
  return collector;
}

export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** Posts JSON to a path of the API. */
export async function post(collector: Pick<Collector, 'baseUrl'>, path: string, body: unknown): Promise<Answered> {
  return answered(
    await fetch(`${collector.baseUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  );
}

export async function answered(response: Response): Promise<Answered> {
  return { status: response.status, body: await response.json(), headers: response.headers };
}

/** A row that the collector accepts. */
export function row(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    event: 'purchase',
    userId: 'visitor-1',
    distinctId: 'purchase:1',
    defaultProperties: { sid: '1700000000000' },
    ...overrides,
  };
}

export function postRows(collector: Collector, ...events: unknown[]): Promise<Answered> {
  return post(collector, '/batch', { token: 'test_shop', events });
}
