import type { Experiment } from './experiments/experiment.js';
import type { Verdict, Warning } from './measuring/verdict.js';
import type { DailyReport, ExperimentReport } from './report.js';
import type { CollectedEvent } from './store/event-store.js';

/** One row of the log with what became of it. */
export interface EventLine {
  /** Its place in the order of arrival, from 1. */
  readonly number: number;
  readonly event: CollectedEvent;
  /** Whom it is about: a number that stands for the visitor, whatever names they go by. */
  readonly visitor: number;
  /** Why it counted or not; only tracked events have one. */
  readonly verdict: Verdict | undefined;
  readonly warnings: readonly Warning[];
  /** How often it came again under the same `distinctId`. */
  readonly repeats: number;
  /** Sent with a test-mode token. */
  readonly isTest: boolean;
}

/** Which rows to show. */
export interface EventFilter {
  /** Part of the event's name; ASCII letters in any case. */
  readonly event?: string | undefined;
  readonly visitor?: number | undefined;
  /** Part of one of the visitor's names (userId, externalId, email); ASCII letters in any case. */
  readonly name?: string | undefined;
  /** Only rows that arrived before this one. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** A visitor and everything that is known of them. */
export interface VisitorHistory {
  readonly visitor: number;
  /** `user:…`, `external:…`, `email:…`. */
  readonly names: readonly string[];
  /** In order of event time. */
  readonly events: readonly EventLine[];
}

/** A row that was never stored. */
export interface RefusedRow {
  readonly receivedAt: number;
  /** Names the field and never a value. */
  readonly message: string;
}

/** When something was last heard of, in milliseconds since the epoch; `undefined` for never. */
export interface EventActivity {
  readonly lastTriggeredAt: number | undefined;
  /** The same without events in test mode, which are forwarded nowhere. */
  readonly lastDispatchedAt: number | undefined;
}

/** What can be asked of what was collected. Every answer is computed from the log at the time of asking. */
export interface Insight {
  /** The newest first. */
  events(filter: EventFilter): readonly EventLine[];
  /** The latest rows that were never stored, the newest first; at most 100 are remembered. */
  refused(): readonly RefusedRow[];
  visitor(visitor: number): VisitorHistory | undefined;
  /** For the primary metric, or for any other event as if it were the goal. */
  results(experiment: Experiment, eventName?: string): ExperimentReport;
  /** When the first session was exposed that counts, in milliseconds since the epoch. */
  firstExposure(experiment: Experiment, eventName?: string): number | undefined;
  /** UTC days from the first to the last day, both included, at most 366. */
  daily(experiment: Experiment, from: string, to: string, eventName?: string): DailyReport;
  /** When events of this name last arrived. */
  activity(eventName: string): EventActivity;
  /** How many rows there are, and how often one came again. */
  readonly totals: { readonly events: number; readonly duplicates: number };
}
