import type { Entry } from '../protocol/event.js';
import { type Batch, cut } from './batch.js';

/** Each time an event is suspected again, its request is so many times smaller. */
const SHRINK = 8;
/** Far more than are ever under way; what others settle is not reported here and must not pile up. */
const MAX_KNOWN = 50_000;

interface Setback {
  /** Answers the service had given when it last failed on a request with this event. */
  answers: number;
  /** How often it failed on one although it had taken others since the time before. */
  suspicion: number;
  /** How often it failed on this event alone, or on its row alone. */
  alone: number;
}

/**
 * Events the service failed on while it took others: one of them may be why. Such events travel apart from all others, in
 * ever smaller requests, until the guilty one is alone. In an outage nobody is answered in between and nobody is suspected.
 */
export interface Setbacks {
  /**
   * The service failed on a request with these events. It has given `answers` by now, and others in between if that is more
   * than `answersBefore`. Tells whether it failed on one event alone while it took others.
   */
  note(entries: readonly Entry[], answersBefore: number, answers: number): boolean;
  /** It is this event that the service failed on. Tells how often by now. */
  noteAlone(entry: Entry, answers: number): number;
  forget(entries: readonly Entry[]): void;
  /** How strongly the whole batch is suspected; 0 is not at all. */
  suspicionOf(batch: Batch): number;
  /** Cuts a batch by suspicion, the unsuspected first: they are not to wait for the others. */
  isolate(batch: Batch, maxRows: number): Batch[];
}

export function createSetbacks(): Setbacks {
  const known = new Map<string, Setback>();
  // Nearly always nobody is, and no id needs to be hashed to find that out.
  const suspicionOf = ({ distinctId }: Entry): number =>
    known.size === 0 ? 0 : (known.get(distinctId)?.suspicion ?? 0);

  function setbackOf({ distinctId }: Entry, answers: number): Setback {
    const setback = known.get(distinctId) ?? { answers, suspicion: 0, alone: 0 };
    if (known.size > MAX_KNOWN) known.clear();
    known.set(distinctId, setback);
    return setback;
  }

  return {
    note(entries, answersBefore, answers) {
      let isSuspected = false;
      for (const entry of entries) {
        const setback = setbackOf(entry, answersBefore);
        if (answers <= setback.answers) continue;
        setback.answers = answers;
        setback.suspicion += 1;
        isSuspected = entries.length === 1;
      }
      return isSuspected;
    },

    noteAlone(entry, answers) {
      const setback = setbackOf(entry, answers);
      setback.alone += 1;
      return setback.alone;
    },

    forget(entries) {
      if (known.size > 0) for (const { distinctId } of entries) known.delete(distinctId);
    },

    suspicionOf: ({ entries }) => Math.min(...entries.map(suspicionOf)),

    isolate(batch, maxRows) {
      const { kind, entries } = batch;
      const levels = [...new Set(entries.map(suspicionOf))].sort((one, other) => one - other);
      // What is said of one person must stay in order.
      if (kind === 'identify') return levels.at(-1) === 0 ? [batch] : cut(batch, 1);
      return levels.flatMap((level) =>
        cut(
          { kind, entries: entries.filter((entry) => suspicionOf(entry) === level) },
          // Nothing is left of the division after some three hundred times.
          Math.ceil(maxRows / SHRINK ** level) || 1,
        ),
      );
    },
  };
}
