import type { Entry } from '../protocol/event.js';
import type { Batch } from './batch.js';

/** Each time an event is suspected again, its request is so many times smaller. */
const SHRINK = 8;
/** Far more than are ever under way; what others settle is not reported here and must not pile up. */
const MAX_KNOWN = 50_000;

interface Setback {
  /** Answers the service had given when it last failed on a request with this event. */
  answers: number;
  /** How often it failed on one although it had taken others since the time before. */
  suspicion: number;
  /** How often of these the event was alone. */
  alone: number;
}

/**
 * Events the service failed on while it took others: one of them may be why. Such events travel apart from all others, in
 * ever smaller requests, until the guilty one is alone. In an outage nobody is answered in between and nobody is suspected.
 */
export class Setbacks {
  readonly #known = new Map<string, Setback>();

  /** The service failed on one request with these events. */
  note(entries: readonly Entry[], answers: number): void {
    if (this.#known.size > MAX_KNOWN) this.#known.clear();
    for (const { distinctId } of entries) {
      const known = this.#known.get(distinctId);
      if (known === undefined) this.#known.set(distinctId, { answers, suspicion: 0, alone: 0 });
      else if (answers > known.answers) {
        known.answers = answers;
        known.suspicion += 1;
        if (entries.length === 1) known.alone += 1;
      }
    }
  }

  forget(entries: readonly Entry[]): void {
    if (this.#known.size > 0) for (const { distinctId } of entries) this.#known.delete(distinctId);
  }

  /** How strongly the whole batch is suspected; 0 is not at all. */
  suspicionOf({ entries }: Batch): number {
    return this.#known.size === 0 ? 0 : Math.min(...entries.map((entry) => this.#suspicion(entry)));
  }

  /** How often the service failed on this event alone while it took others. */
  failuresAlone({ distinctId }: Entry): number {
    return this.#known.get(distinctId)?.alone ?? 0;
  }

  /** Cuts a batch by suspicion, the unsuspected first: they are not to wait for the others. */
  isolate(batch: Batch, maxRows: number): Batch[] {
    const { kind, entries } = batch;
    if (this.#known.size === 0 || !entries.some((entry) => this.#suspicion(entry) > 0)) return [batch];
    // What is said of one person must stay in order.
    if (kind === 'identify') return entries.map((entry) => ({ kind, entries: [entry] }));
    const bySuspicion = new Map<number, Entry[]>();
    for (const entry of entries) {
      const suspicion = this.#suspicion(entry);
      const alike = bySuspicion.get(suspicion);
      if (alike === undefined) bySuspicion.set(suspicion, [entry]);
      else alike.push(entry);
    }
    return [...bySuspicion]
      .sort(([one], [other]) => one - other)
      .flatMap(([suspicion, alike]) => {
        const size = Math.ceil(maxRows / SHRINK ** suspicion);
        return Array.from({ length: Math.ceil(alike.length / size) }, (_, at) => ({
          kind,
          entries: alike.slice(at * size, (at + 1) * size),
        }));
      });
  }

  #suspicion({ distinctId }: Entry): number {
    return this.#known.get(distinctId)?.suspicion ?? 0;
  }
}
