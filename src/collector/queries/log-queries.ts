import type { Experiment } from '../experiments/experiment.js';
import type { Verdict, Warning } from '../measuring/verdict.js';
import type { CollectedEvent, RefusedRow } from '../store/collected-event.js';
import type { DailyReport, ExperimentReport } from './report.js';

/** One row of the log and its verdict. */
export interface EventLine {
  /** Its place in the order of arrival, from 1. */
  readonly number: number;
  readonly event: CollectedEvent;
  /** The number of the visitor, the same under all of the visitor's names. */
  readonly visitor: number;
  /** Why it counted or not. Only tracked events have a verdict. */
  readonly verdict: Verdict | undefined;
  readonly warnings: readonly Warning[];
  /** How many times it was sent again with the same `distinctId`. */
  readonly repeats: number;
  /** Sent with a test-mode token. */
  readonly isTest: boolean;
}

/** Which rows to show. */
export interface EventFilter {
  /** Part of the event's name; ASCII letters in any case. */
  readonly event?: string | undefined;
  readonly visitor?: number | undefined;
  /** The whole idempotency key. */
  readonly distinctId?: string | undefined;
  /** Part of one of the visitor's names (userId, externalId, email); ASCII letters in any case. */
  readonly name?: string | undefined;
  /** Only rows that arrived before this one. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** One row of a visitor. */
export interface VisitorLine extends EventLine {
  /** Its own session, or the one that an impression without a session joined. */
  readonly session: string | undefined;
}

/** A visitor with their names and latest events. */
export interface VisitorHistory {
  readonly visitor: number;
  /** `user:…`, `external:…`, `email:…`. */
  readonly names: readonly string[];
  /** The latest ones, in order of event time. */
  readonly events: readonly VisitorLine[];
  /** The number of all events. */
  readonly total: number;
  /** The number of all sessions with an event. */
  readonly sessions: number;
}

/** When an event last arrived, in milliseconds since the epoch; `undefined` if it never did. */
export interface EventActivity {
  readonly lastTriggeredAt: number | undefined;
  /** Without events in test mode, which are not forwarded. */
  readonly lastDispatchedAt: number | undefined;
}

/** Questions about the log. Every answer is computed from the log when it is asked. */
export interface LogQueries {
  /** The newest first. */
  events(filter: EventFilter): readonly EventLine[];
  /** The latest rows that were refused, the newest first. At most 100 are remembered. */
  refused(): readonly RefusedRow[];
  /** With the latest events, at most `limit`. */
  visitor(visitor: number, limit: number): VisitorHistory | undefined;
  /** For the primary metric, or for any other event as if it were the goal. */
  results(experiment: Experiment, eventName?: string): ExperimentReport;
  /** The start of the UTC day on which the first counted session was exposed, in milliseconds since the epoch. */
  firstExposure(experiment: Experiment, eventName?: string): number | undefined;
  /** UTC days from the first to the last day, both included, at most 366. */
  daily(experiment: Experiment, from: string, to: string, eventName?: string): DailyReport;
  /** When events of this name last arrived. */
  activity(eventName: string): EventActivity;
  /** The number of rows, and of rows that were sent again. */
  readonly totals: { readonly events: number; readonly duplicates: number };
}
