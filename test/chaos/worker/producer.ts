import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type Client, isOursError, type Outcome, type Receipt } from '../../../src/index.js';
import { isHonest } from '../plan/clock-plan.js';
import type { WorkerPlan } from '../plan/worker-plan.js';
import type { Random } from '../random.js';
import type { Diary } from './diary.js';
import { type Planned, planEvents } from './events.js';
import { trackInTransaction } from './transactions.js';
import { trueNow } from './wall-clock.js';

/** Above this many events that are not stored yet, the producer waits. */
const MAX_UNSTORED = 1_000;
/** And above this many that wait to be delivered: on a fast machine an hour's backlog would take hours to deliver around its bad events. */
const MAX_WAITING = 5_000;
const ASK_WAITING_MS = 1_000;
const TRANSACTIONS = 0.03;
const ASKS_FOR_OUTCOME = 0.05;

export interface Producer {
  /** Stops tracking; resolves after the last event was tracked. */
  rest(): Promise<void>;
}

export function startProducer(
  client: Client,
  { name, poison, clock, burst, gapMs }: WorkerPlan,
  pool: pg.Pool | undefined,
  random: Random,
  diary: Diary,
): Producer {
  const next = planEvents(random.fork('events'), { name, poison, isHonest: isHonest(clock) });
  const lastIdentify = new Map<string, string>();
  const resting = new AbortController();
  let unstored = 0;
  let waiting = 0;
  const asking = setInterval(() => {
    client.stats().then(
      (state) => {
        waiting = state.waiting;
      },
      () => undefined,
    );
  }, ASK_WAITING_MS).unref();

  function track(planned: Planned): void {
    const { kind, userId, distinctId, time, eventProperties, key, number, nature } = planned;
    const before = trueNow();
    const receipt =
      kind === 'track'
        ? client.track({ event: 'purchase', userId, distinctId, time, eventProperties })
        : client.identify({
            userId,
            userProperties: { job_title: String(number), custom_properties: { [key]: 'seen' } },
          });
    const between = isHonest(clock) ? ([before, trueNow()] as const) : undefined;
    const after = lastIdentify.get(userId);
    diary('tracked', { id: receipt.distinctId, key, kind, nature, time, between, after });
    if (kind === 'identify') lastIdentify.set(userId, key);
    void follow(receipt);
  }

  async function follow(receipt: Receipt): Promise<void> {
    const { distinctId } = receipt;
    if (random.chance(ASKS_FOR_OUTCOME))
      receipt.settled().then(
        (outcome) => diary('settled', distinctId, outcome.status, JSON.stringify(outcome)),
        () => undefined,
      );
    unstored += 1;
    await receipt.stored().then(
      () => diary('stored', distinctId),
      (error: unknown) => diary('not stored', distinctId, codeOf(error), String(error)),
    );
    unstored -= 1;
  }

  async function produce(): Promise<void> {
    while (!resting.signal.aborted) {
      const hasRoom = (): boolean => unstored < MAX_UNSTORED && waiting < MAX_WAITING;
      for (let left = random.between(1, burst); left > 0 && hasRoom(); left -= 1) track(next());
      if (pool !== undefined && random.chance(TRANSACTIONS)) void trackInTransaction(client, pool, next, random, diary);
      if (random.chance(0.01)) void client.flush({ timeoutMs: 500 });
      await sleep(random.between(1, gapMs), undefined, { signal: resting.signal }).catch(() => undefined);
    }
  }

  const producing = produce();
  return {
    rest() {
      clearInterval(asking);
      resting.abort();
      return producing;
    },
  };
}

/** `unknown` where the client does not claim to know whether the event is stored. */
function codeOf(error: unknown): string {
  if (!isOursError(error)) return 'unknown';
  const { status } = (error.cause ?? {}) as Partial<Outcome>;
  return status === 'unknown' ? status : error.code;
}
