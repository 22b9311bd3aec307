import type { Interval } from './interval.js';
import type { Verdict, Warning } from './verdict.js';

/** The fields that all entries of the log have. */
interface Entry {
  /** When it happened, in milliseconds since the epoch. */
  readonly time: number;
  /** When it arrived. */
  readonly receivedAt: number;
  /** All names of the visitor. Names seen together are one visitor. */
  readonly visitors: readonly [string, ...string[]];
  readonly sid?: string | undefined;
  readonly distinctId?: string | undefined;
  readonly bot?: boolean | undefined;
  /**
   * Who sent it, which decides whether it shows that its session was active at that time. `report` shows nothing.
   * @default 'server'
   */
  readonly source?: 'browser' | 'server' | 'report' | undefined;
}

/** A tracked event. Any event can be a goal. */
export interface TrackEntry extends Entry {
  readonly kind: 'track';
  readonly event: string;
}

/** A variant was shown to the visitor. */
export interface ImpressionEntry extends Entry {
  readonly kind: 'impression';
  readonly experiment: string;
  readonly variant: string;
}

/** An identify: it does not count, but links names of a visitor. */
export interface LinkEntry extends Entry {
  readonly kind: 'link';
}

export type LogEntry = TrackEntry | ImpressionEntry | LinkEntry;

/** The fields of an experiment that measuring needs. */
export interface MeasuredExperiment {
  readonly key: string;
  readonly variants: readonly string[];
  /** The goal. */
  readonly primary: string;
  readonly secondary: readonly string[];
  readonly runs: readonly Interval[];
  readonly pauses: readonly Interval[];
}

export interface MeasuringRules {
  readonly experiments: readonly MeasuredExperiment[];
  /** Compared case-insensitively. @default every name */
  readonly allowedEvents?: readonly string[] | undefined;
  readonly bots: 'allow' | 'block';
  /** How old an event may be when it arrives. @default seven days */
  readonly maxAgeMs?: number | undefined;
  /** Later events are in the future. */
  readonly now: number;
}

/** The counts of one variant; the units are sessions. */
export interface Tally {
  impressions: number;
  conversions: number;
  /** Conversions by secondary event. */
  readonly secondary: Map<string, number>;
}

/** The unit of counting: a session in which the visitor was exposed to an experiment. */
export interface CountedUnit {
  readonly variant: string;
  /** The first exposure in the session, in milliseconds since the epoch. */
  readonly exposedAt: number;
  /** The time of the goal that converted it; `undefined` without one. */
  readonly convertedAt: number | undefined;
}

export interface Attribution {
  /** The counted units by experiment key, in no particular order. */
  readonly units: ReadonlyMap<string, readonly CountedUnit[]>;
  /** By experiment key and variant name. */
  readonly tallies: ReadonlyMap<string, ReadonlyMap<string, Tally>>;
  /** By place in the log; `undefined` for entries that are not tracked events. */
  readonly verdicts: readonly (Verdict | undefined)[];
  /** By place in the log, for entries with warnings. */
  readonly warnings: ReadonlyMap<number, readonly Warning[]>;
}
