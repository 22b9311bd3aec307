import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import type { ClientStats } from '../client-stats.js';

/** Adds gauges that ask each client for its state when metrics are collected. Returns how to stop. */
export function observeStats(meter: Meter, clients: ReadonlySet<{ stats(): Promise<ClientStats> }>): () => void {
  const gauge = (name: string, unit: string, description: string): Observable =>
    meter.createObservableGauge(`ours_ingest.outbox.${name}`, { unit, description });
  const waiting = gauge('waiting', '{event}', 'Events that wait to be claimed, including delayed events.');
  const claimed = gauge('claimed', '{event}', 'Events that a client or relay is delivering.');
  const bytes = gauge('size', 'By', 'Bytes of waiting and claimed events.');
  const oldestAge = gauge('oldest_age', 's', 'Age of the oldest event; 0 if the outbox is empty.');
  const deadLetters = gauge('dead_letters', '{event}', 'Dead letters.');
  const gauges = [waiting, claimed, bytes, oldestAge, deadLetters];

  async function observeOne(result: BatchObservableResult, client: { stats(): Promise<ClientStats> }): Promise<void> {
    const stats = await client.stats();
    result.observe(waiting, stats.waiting);
    result.observe(claimed, stats.claimed);
    result.observe(bytes, stats.bytes);
    result.observe(oldestAge, (stats.oldestAgeMs ?? 0) / 1000);
    result.observe(deadLetters, stats.deadLetters);
  }

  // An outbox that does not answer has no values; the others keep theirs.
  const observe = async (result: BatchObservableResult): Promise<void> => {
    await Promise.allSettled([...clients].map((client) => observeOne(result, client)));
  };
  meter.addBatchObservableCallback(observe, gauges);
  return () => meter.removeBatchObservableCallback(observe, gauges);
}
