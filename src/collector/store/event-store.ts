import { type Database, transact } from '../../sqlite/database.js';
import type { IngestRules } from '../measuring/ingest-rules.js';
import { witnessOf } from '../measuring/sessions.js';
import type { Arrival, ArrivedRow, CollectedEvent } from './collected-event.js';
import { createInsertEvents, type NewEvent } from './event-rows.js';
import { createIdHolders, type Holder, isOfAnother, releasedSource, repeatSource } from './id-holders.js';
import type { Measurements } from './measured/measurements.js';
import { toStoredText } from './stored-text.js';
import { type FindExperiment, shownOf, toLogEntry } from './to-log-entry.js';
import { createVisitors } from './visitors.js';

/** Where rows came from. */
export interface RowSource {
  /** A digest of the token, so that tokens are told apart but not stored. */
  readonly source: string;
  readonly isTest: boolean;
}

/** The log: every accepted row in the order of arrival, each `distinctId` once. */
export interface EventStore {
  /**
   * Stores the rows of one request, all or none, except those whose `distinctId` an accepted row has already: the first one wins.
   * Stored as refused, to be shown, are the first row of another source with that id, and the first row of the same source that
   * names another visitor or session.
   */
  append(rows: readonly ArrivedRow[], receivedAt: number, from: RowSource): StoredArrival[];
  /** Deletes every row and every visitor. Numbers start again at 1. */
  clear(): void;
}

export type StoredArrival = Exclude<Arrival, { readonly kind: 'refused' }>;

export interface EventStoreOptions {
  readonly database: Database;
  readonly ingestRules: IngestRules;
  readonly findExperiment: FindExperiment;
  readonly measurements: Pick<Measurements, 'catchUpWithin' | 'markStale' | 'clear'>;
}

// Events are measured along with their arrival, so that the first question need not wait for many of them. In groups, because a
// visitor's events often come together.
const MEASURE_EVERY = 1_000;

/**
 * An {@link EventStore} in a database. A unique constraint of the database keeps each `distinctId` of a source once.
 *
 * Each statement handles all rows of a request: calling a driver for every row costs more than what SQLite does.
 */
export function createEventStore(options: EventStoreOptions): EventStore {
  const { database, ingestRules, findExperiment, measurements } = options;
  const visitors = createVisitors(database, measurements.markStale);
  const insert = createInsertEvents(database);
  const holders = createIdHolders(database);
  const repeat = database.prepare('UPDATE events SET repeats = repeats + 1 WHERE number = ?');
  const last = database.prepare('SELECT coalesce(max(number), 0) AS number FROM events');

  let unmeasured = 0;

  const store = (rows: readonly ArrivedRow[], receivedAt: number, { source, isTest }: RowSource): StoredArrival[] => {
    const ids = rows.map(({ distinctId }) => distinctId && toStoredText(distinctId));
    const { own, others, shown } = holders.find(
      ids.filter((id) => id !== undefined),
      source,
    );
    const { number: before } = last.get() as { number: number };
    const events: NewEvent[] = [];
    const repeated: number[] = [];
    const names = new Set<string>();
    const seenTogether: (readonly string[])[] = [];

    const release = ({ number }: Holder): void => {
      const place = number - before - 1;
      if (place < 0) holders.release(number, source);
      else events[place] = { ...events[place]!, source: releasedSource(source, number) };
    };

    const arrivals = rows.map((row, place): StoredArrival => {
      const event: CollectedEvent = { ...row, time: row.time ?? receivedAt, receivedAt };
      const id = ids[place];
      const entry = toLogEntry(event, findExperiment);
      const holder = id === undefined ? undefined : own.get(id);
      const isHeld = holder?.isRefused === false || (id !== undefined && others.has(id));
      const refusal = ingestRules(entry, receivedAt) ?? (isHeld ? 'duplicate_id' : undefined);
      let storedSource = source;
      if (id !== undefined && holder !== undefined && refusal !== undefined) {
        // Only the first of them: a provider may repeat a webhook many times.
        const isShown = !holder.isRefused && refusal === 'duplicate_id' && !shown.has(id) && isOfAnother(row, holder);
        if (!isShown) {
          repeated.push(holder.number);
          return { kind: 'duplicate', event };
        }
        shown.add(id);
        storedSource = repeatSource(source);
      } else if (id !== undefined) {
        // It was refused, so it gives its id to this one.
        if (holder !== undefined) release(holder);
        own.set(id, { number: before + events.length + 1, isRefused: refusal !== undefined, row });
      }
      const impression = shownOf(event, findExperiment);
      const [visitor, ...otherNames] = entry.visitors;
      names.add(visitor);
      // Only for accepted rows: a refused row must not link visitors.
      if (refusal === undefined && otherNames.length > 0) {
        for (const name of otherNames) names.add(name);
        seenTogether.push(entry.visitors);
      }
      events.push({
        distinctId: id ?? null,
        source: storedSource,
        event: row.event,
        time: event.time,
        receivedAt,
        visitor,
        sid: entry.sid ?? null,
        witness: (refusal === undefined && witnessOf(entry)) || null,
        refusal: refusal ?? null,
        experiment: impression?.experiment.id ?? null,
        variant: impression?.variant.id ?? null,
        isTest,
        row: JSON.stringify(row),
      });
      return { kind: refusal === 'duplicate_id' ? 'duplicate' : 'accepted', event, number: before + events.length };
    });

    visitors.add(names);
    insert(events);
    visitors.join(seenTogether);
    for (const number of repeated) repeat.run(number);
    unmeasured += events.length;
    return arrivals;
  };

  return {
    append(rows, receivedAt, from) {
      if (rows.length === 0) return [];
      return transact(database, () => {
        const arrivals = store(rows, receivedAt, from);
        if (unmeasured >= MEASURE_EVERY) {
          measurements.catchUpWithin();
          unmeasured = 0;
        }
        return arrivals;
      });
    },

    clear() {
      transact(database, () => {
        database.exec('DELETE FROM events; DELETE FROM names');
        measurements.clear();
      });
    },
  };
}
