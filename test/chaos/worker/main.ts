// One process of a chaos run. It tracks events, delivers them, or both, and writes down what it was told. Its parent pauses,
// closes or kills it.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '../../../src/index.js';
import type { WorkerPlan } from '../plan/worker-plan.js';
import { createRandom } from '../random.js';
import { type OpenedOutbox, openOutbox, openPool } from '../stores/open-outbox.js';
import type { Place } from '../stores/store.js';
import { type Diary, openDiary } from './diary.js';
import { endingLeases } from './leases.js';
import { startProducer } from './producer.js';
import { REQUEST_TIMEOUT_MS } from './request-timeout.js';
import { sampleEvery } from './sampling.js';
import { bendWallClock } from './wall-clock.js';

/** The argument of a worker. */
export interface WorkerConfig {
  readonly seed: number;
  readonly plan: WorkerPlan;
  readonly place: Place;
  readonly baseUrl: string;
  readonly diaryFile: string;
  /** Milliseconds since the epoch by the true clock. */
  readonly runBegan: number;
}

/** What the parent writes to a worker's stdin, one per line. */
export type Command = 'rest' | 'close' | 'end';

const SAMPLE_MS = 2_000;
const DISCONNECT_MS = 2_000;

const config = JSON.parse(process.argv[2]!) as WorkerConfig;
const diary = openDiary(config.diaryFile);
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    diary('failed', `${event}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(1);
  });
}
await main(config, diary);

async function main({ seed, plan, place, baseUrl, runBegan }: WorkerConfig, diary: Diary): Promise<void> {
  bendWallClock(plan.clock, runBegan);
  const random = createRandom(`${seed}/worker/${plan.name}`);
  const opened = place.kind === 'memory' ? undefined : await openOutbox(place, plan.driver);
  const client = connect(plan, opened, baseUrl, runBegan, diary);
  const application = place.kind === 'postgres' && plan.produces ? openPool(place.url) : undefined;
  const producer = plan.produces ? startProducer(client, plan, application, random, diary) : undefined;
  sampleEvery(SAMPLE_MS, (sample) => diary('sampled', sample));

  const commands: Readonly<Record<Command, () => Promise<void>>> = {
    async rest() {
      await producer?.rest();
    },
    async close() {
      await producer?.rest();
      diary('closed', await client.close());
      input.close();
      if (place.kind !== 'redis' && place.kind !== 'postgres') return;
      // A connection in a black hole never closes, and its socket would keep the process alive.
      await Promise.race([Promise.all([opened?.disconnect(), application?.end()]), sleep(DISCONNECT_MS)]);
      process.exit(0);
    },
    // Leaves nothing to do, so that the process ends after its last delivery.
    async end() {
      await producer?.rest();
      input.close();
    },
  };
  const input = createInterface({ input: process.stdin });
  input.on('line', (line) => void commands[line as Command]());
  input.on('close', () => process.stdin.destroy());
  // The parent has ended.
  process.stdin.once('end', () => process.exit(0));
}

function connect(
  plan: WorkerPlan,
  opened: OpenedOutbox | undefined,
  baseUrl: string,
  runBegan: number,
  diary: Diary,
): Client {
  const { endAt, flushAt, concurrency, relays, maxQueueSize, whenFull } = plan;
  const outbox =
    opened === undefined || endAt === undefined ? opened?.outbox : endingLeases(opened.outbox, runBegan + endAt);
  return createClient({
    token: `test_${plan.name}`,
    baseUrl,
    outbox,
    flushAt,
    concurrency,
    relay: relays,
    maxQueueSize,
    whenFull,
    flushIntervalMs: 100,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    logger: { warn: (message) => diary('warned', message) },
    onOutcome: (outcome, { distinctId }) => diary('outcome', distinctId, outcome.status, JSON.stringify(outcome)),
  });
}
