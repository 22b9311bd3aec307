import { setTimeout as sleep } from 'node:timers/promises';
import type { Collector } from 'ours-ingest/collector';

const PATIENCE_MS = 10_000;
const LOOK_MS = 50;

/** Waits until so many events of a name have arrived; resolves to `false` when they have not in ten seconds. */
export async function haveArrived(collector: Collector, name: string, count: number): Promise<boolean> {
  const areThere = () => collector.events().filter(({ event }) => event === name).length >= count;
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && !areThere(); waitedMs += LOOK_MS) await sleep(LOOK_MS);
  return areThere();
}
