import { onTestFinished } from 'vitest';
import { buildClient } from '../../src/client/client.js';
import type { ClientOptions } from '../../src/client/options.js';
import type { Client } from '../../src/client/types.js';
import { type Collector, type CollectorOptions, createCollector } from '../../src/collector/index.js';
import type { Outcome, OutcomeInfo } from '../../src/core/outcome.js';
import type { Platform } from '../../src/runtime/platform.js';
import { nodePlatform } from '../../src/runtime/platform-node.js';

/** How one event ended, as `onOutcome` heard it. */
export type Heard = Outcome & OutcomeInfo;

/** A client, the collector it talks to and what it has said. */
export interface Rig {
  readonly collector: Collector;
  readonly client: Client;
  readonly warnings: string[];
  readonly outcomes: Heard[];
  readonly time: TestTime;
}

/** Clocks that tests can advance. They also run on their own, so that every wait ends. */
export class TestTime {
  /** Milliseconds by which the monotonic clock is ahead of the machine's. */
  skippedMs = 0;
  /** Milliseconds by which the wall clock is ahead of the machine's. */
  aheadMs = 0;

  readonly now = (): number => Date.now() + this.aheadMs;
  readonly monotonic = (): number => performance.now() + this.skippedMs;

  skip(ms: number): void {
    this.skippedMs += ms;
  }
}

export interface RigOptions extends ClientOptions {
  readonly collector?: Collector | CollectorOptions | undefined;
  readonly platform?: Partial<Platform> | undefined;
  /** The test's own `onTestFinished`, where tests run side by side. */
  readonly onFinished?: typeof onTestFinished | undefined;
}

/**
 * A client in front of a collector. Chance is 0: every backoff ends at once, and a closed gate opens after its 500 ms.
 * Nothing of the environment gets in.
 */
export async function rig({
  collector: given,
  platform,
  onFinished = onTestFinished,
  ...options
}: RigOptions = {}): Promise<Rig> {
  const collector = given !== undefined && 'baseUrl' in given ? given : await createCollector(given);
  const warnings: string[] = [];
  const outcomes: Heard[] = [];
  const time = new TestTime();
  const client = buildClient(
    {
      token: 'test_shop',
      experimentToken: 'exp_shop',
      baseUrl: collector.baseUrl,
      logger: { warn: (message) => void warnings.push(message) },
      onOutcome: (outcome, info) => void outcomes.push({ ...outcome, ...info }),
      ...options,
    },
    { ...nodePlatform, now: time.now, monotonic: time.monotonic, random: () => 0, env: {}, ...platform },
  );
  onFinished(async () => {
    // Already closed, perhaps, and by a signal.
    await client.close({ timeoutMs: 0 }).catch(() => undefined);
    await collector.close();
  });
  return { collector, client, warnings, outcomes, time };
}

/** Tracks `count` events `e0`, `e1`, … of one visitor each, named by their ids. */
export function trackMany(client: Client, count: number, prefix = 'e'): string[] {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  for (const distinctId of ids) client.track({ event: 'purchase', userId: `visitor of ${distinctId}`, distinctId });
  return ids;
}

/** The ids the collector took, in the order of arrival. */
export function arrived(collector: Collector): string[] {
  return collector.events().map(({ distinctId }) => distinctId ?? '');
}

/** The id of a row as it was sent. */
export function idOf(row: unknown): string {
  return (row as { distinctId: string }).distinctId;
}

/** Resolves once `condition` holds; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Chance that is the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
