import { MAX_SESSION_MS, SESSION_IDLE_MS } from '../../protocol/limits.js';
import type { Database, SqlValue } from '../../sqlite/database.js';
import type { ExperimentStore } from '../experiments/experiment-store.js';
import { attributeAccepted } from '../measuring/attribution.js';
import { DAY_MS } from '../measuring/day.js';
import type { Verdict, Warning } from '../measuring/verdict.js';
import type { ArrivedRow, CollectedEvent, RefusedRow } from '../store/collected-event.js';
import { createContextRows, type PlacedLog } from '../store/context-rows.js';
import { EXPOSED } from '../store/measured/counts.js';
import type { Measurements } from '../store/measured/measurements.js';
import type { StoredRow } from '../store/stored-row.js';
import { toStoredText } from '../store/stored-text.js';
import { dailyOf } from './daily-report.js';
import type { EventFilter, EventLine, LogQueries, VisitorHistory } from './log-queries.js';
import { createLogVerdicts } from './log-verdicts.js';
import { createRefusalWarnings } from './refusal-warnings.js';
import { asGoal, measureExperiment, toMeasured } from './report.js';
import { talliesOf } from './tallies.js';

interface StoredEvent extends StoredRow {
  readonly number: number;
  readonly source: string;
  readonly refusal: Verdict | null;
  readonly is_test: number;
  readonly repeats: number;
  readonly row: string;
}

interface VisitorEvent extends StoredEvent {
  readonly session: string | null;
}

/** When events of one spelling last arrived, in milliseconds since the epoch. */
interface Activity {
  readonly event: string;
  readonly triggered: number;
  /** Without events in test mode. */
  readonly dispatched: number | null;
}

/** The queries of the pages and APIs, and those of the collector itself. */
export interface LogReader extends LogQueries {
  /** Every row in the order of arrival, without those that arrive later. Each iteration reads them anew, some at a time. */
  all(): Iterable<EventLine>;
  collected(): readonly CollectedEvent[];
  /** Names of tracked events, in order of first arrival. */
  eventNames(): readonly string[];
  /**
   * [A] Whether a visitor was seen in an earlier session: more than six hours ago, or before a break of more than 30 minutes. An
   * assignment has no session, so the ids of sessions cannot tell.
   */
  isReturning(visitorId: string): boolean;
}

export interface LogReaderOptions {
  readonly database: Database;
  readonly experiments: ExperimentStore;
  readonly measurements: Pick<Measurements, 'catchUp' | 'counts'>;
  readonly refused: () => readonly RefusedRow[];
  readonly now: () => number;
}

/** How many events of the whole log are read at once. */
const PAGE_EVENTS = 500;

/** Reads a log in a database. */
export function createLogReader(options: LogReaderOptions): LogReader {
  const { database, experiments, measurements, refused, now } = options;
  const context = createContextRows(database);
  const namesOf = database.prepare('SELECT name FROM names WHERE visitor = ? ORDER BY name DESC');
  // The inner query reads the index alone.
  const ofVisitor = database.prepare(
    `SELECT e.*, coalesce(e.sid, j.sid) AS session FROM events AS e LEFT JOIN joined AS j ON j.impression = e.number
     WHERE e.number IN (SELECT number FROM events WHERE visitor = ? ORDER BY time DESC, number DESC LIMIT ?)
     ORDER BY e.time, e.number`,
  );
  const countsOf = database.prepare(
    `SELECT (SELECT count(*) FROM events WHERE visitor = ?1) AS total,
       (SELECT count(*) FROM (
          SELECT sid FROM events WHERE visitor = ?1 AND sid IS NOT NULL
          UNION SELECT sid FROM joined WHERE visitor = ?1 AND sid IS NOT NULL)) AS sessions`,
  );
  const everything = database.prepare('SELECT * FROM events ORDER BY number');
  const last = database.prepare('SELECT coalesce(max(number), 0) AS number FROM events');
  const pageAfter = database.prepare(
    `SELECT * FROM events WHERE number > ? AND number <= ? ORDER BY number LIMIT ${PAGE_EVENTS}`,
  );
  const measureLog = createLogVerdicts(database);
  const refusalWarnings = createRefusalWarnings(database);
  const seenBefore = database.prepare(
    `SELECT 1 FROM (
       SELECT time, lead(time, 1, ?2) OVER (ORDER BY time) AS next FROM names JOIN events USING (visitor)
       WHERE name = ?1 AND time < ?2 AND refusal IS NULL)
     WHERE next - time > ${SESSION_IDLE_MS} OR time < ?2 - ${MAX_SESSION_MS} LIMIT 1`,
  );
  const activities = database.prepare(
    `SELECT event, max(received_at) AS triggered, max(CASE WHEN is_test = 0 THEN received_at END) AS dispatched
     FROM events WHERE event NOT LIKE '$%' AND refusal IS NULL GROUP BY event ORDER BY min(number)`,
  );
  const totals = database.prepare(
    `SELECT (SELECT count(*) FROM events) AS events,
       (SELECT coalesce(sum(repeats), 0) FROM events WHERE repeats > 0)
         + (SELECT count(*) FROM events WHERE refusal = 'duplicate_id') AS duplicates`,
  );

  /** @param verdict of an accepted event */
  const toLine = (event: StoredEvent, verdict: Verdict | undefined, warnings: readonly Warning[] = []): EventLine => ({
    number: event.number,
    event: toCollected(event),
    visitor: event.visitor,
    verdict: event.refusal ?? verdict,
    warnings: isAccepted(event) ? warnings : refusalWarnings(event),
    repeats: event.repeats,
    isTest: event.is_test === 1,
  });

  /** Lines for all events up to a number, which are never in memory together. */
  function* linesUpTo(end: number): Generator<EventLine, void> {
    const { verdictOf, warningsOf } = measureLog(end, experiments.list());
    for (let from = 0; ; ) {
      const page = pageAfter.all(from, end) as StoredEvent[];
      if (page.length === 0) return;
      for (const event of page) yield toLine(event, verdictOf(event.number), warningsOf(event.number));
      from = page.at(-1)!.number;
    }
  }

  /** Lines for some events of one visitor, at a cost that does not grow with the visitor's other events. */
  function linesOfSome(visitor: number, events: readonly StoredEvent[]): EventLine[] {
    measurements.catchUp();
    return toLines(events, context.logFor(visitor, events.filter(isAccepted), experiments.list()));
  }

  function toLines(events: readonly StoredEvent[], { log, places }: PlacedLog): EventLine[] {
    const { verdicts, warnings } = attributeAccepted(log, toMeasured(experiments.list()));
    return events.map((event) => {
      const place = places.get(event.number);
      return place === undefined ? toLine(event, undefined) : toLine(event, verdicts[place], warnings.get(place));
    });
  }

  return {
    events(filter) {
      const { where, values } = toSql(filter);
      const page = database
        .prepare(
          `SELECT * FROM events WHERE number IN (SELECT number FROM events ${where} ORDER BY number DESC LIMIT ?)
           ORDER BY number DESC`,
        )
        .all(...values, filter.limit) as StoredEvent[];
      const byVisitor = new Map<number, StoredEvent[]>();
      for (const event of page) byVisitor.set(event.visitor, [...(byVisitor.get(event.visitor) ?? []), event]);
      const lines = [...byVisitor].flatMap(([visitor, events]) => linesOfSome(visitor, events));
      const byNumber = new Map(lines.map((line) => [line.number, line]));
      return page.map(({ number }) => byNumber.get(number)!);
    },

    visitor(visitor, limit): VisitorHistory | undefined {
      const names = (namesOf.all(visitor) as { name: string }[]).map(({ name }) => name);
      if (names.length === 0) return undefined;
      // Before the rows are read, so that what impressions joined is known.
      measurements.catchUp();
      const counts = countsOf.get(visitor) as Pick<VisitorHistory, 'total' | 'sessions'>;
      const rows = ofVisitor.all(visitor, limit) as VisitorEvent[];
      const events = linesOfSome(visitor, rows).map((line, place) => ({
        ...line,
        session: rows[place]!.session ?? undefined,
      }));
      return { visitor, names, events, ...counts };
    },

    results(experiment, eventName) {
      const measured = eventName === undefined ? experiment : asGoal(experiment, eventName);
      return measureExperiment(measured, talliesOf(measured, measurements.counts(experiment.id, eventName)));
    },

    firstExposure(experiment, eventName) {
      const exposed = measurements.counts(experiment.id, eventName).filter(({ event }) => event === EXPOSED);
      return exposed.length === 0 ? undefined : Math.min(...exposed.map(({ day }) => day)) * DAY_MS;
    },

    activity(eventName) {
      const wanted = foldName(eventName);
      const found = (activities.all() as Activity[]).filter(({ event }) => foldName(event) === wanted);
      return {
        lastTriggeredAt: latestOf(found.map(({ triggered }) => triggered)),
        lastDispatchedAt: latestOf(found.map(({ dispatched }) => dispatched)),
      };
    },

    eventNames() {
      const names = new Map<string, string>();
      for (const { event } of activities.all() as Activity[]) {
        if (!names.has(foldName(event))) names.set(foldName(event), event);
      }
      return [...names.values()];
    },

    daily(experiment, from, to, eventName) {
      const measured = eventName === undefined ? experiment : asGoal(experiment, eventName);
      return dailyOf(measured, measurements.counts(experiment.id, eventName), from, to);
    },

    get totals() {
      return totals.get() as LogQueries['totals'];
    },

    refused,
    all() {
      const { number: end } = last.get() as { number: number };
      return { [Symbol.iterator]: () => linesUpTo(end) };
    },
    isReturning: (visitorId) => seenBefore.get(toStoredText(`user:${visitorId}`), now()) !== undefined,
    collected: () => (everything.all() as StoredEvent[]).map(toCollected),
  };
}

function isAccepted({ refusal }: StoredEvent): boolean {
  return refusal === null;
}

/** The service compares names in any case. Not by SQL's `lower()`, which folds only ASCII letters. */
function foldName(event: string): string {
  return event.toLowerCase();
}

function latestOf(times: readonly (number | null)[]): number | undefined {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? undefined : Math.max(...known);
}

function toCollected({ row, time, received_at }: StoredEvent): CollectedEvent {
  return { ...(JSON.parse(row) as ArrivedRow), time, receivedAt: received_at };
}

function toSql({ event, visitor, distinctId, name, before }: EventFilter): { where: string; values: SqlValue[] } {
  const conditions: [string, SqlValue][] = [];
  if (before !== undefined) conditions.push(['number < ?', before]);
  if (visitor !== undefined) conditions.push(['visitor = ?', visitor]);
  if (distinctId !== undefined) conditions.push(['distinct_id = ?', distinctId]);
  // Not LIKE, which gives some characters a special meaning.
  if (event) conditions.push(['instr(lower(event), lower(?)) > 0', event]);
  if (name) conditions.push(['visitor IN (SELECT visitor FROM names WHERE instr(lower(name), lower(?)) > 0)', name]);
  return {
    where: conditions.length === 0 ? '' : `WHERE ${conditions.map(([condition]) => condition).join(' AND ')}`,
    values: conditions.map(([, value]) => value),
  };
}
