import type { Interval } from './interval.js';
import type { Verdict, Warning } from './verdict.js';

/** What every entry of the log says of itself. */
interface Seen {
  /** When it happened, in milliseconds since the epoch. */
  readonly time: number;
  /** When it came. */
  readonly receivedAt: number;
  /** Every name of the visitor it carries; names seen together are one visitor. */
  readonly visitors: readonly [string, ...string[]];
  readonly sid?: string | undefined;
  readonly distinctId?: string | undefined;
  readonly bot?: boolean | undefined;
  /**
   * Who sent it, which tells whether its session lasted at that time. `report`: nothing may be concluded.
   * @default 'server'
   */
  readonly source?: 'browser' | 'server' | 'report' | undefined;
}

/** A tracked event, any of which can be a goal. */
export interface TrackEntry extends Seen {
  readonly kind: 'track';
  readonly event: string;
}

/** Somebody was shown a variant. */
export interface ImpressionEntry extends Seen {
  readonly kind: 'impression';
  readonly experiment: string;
  readonly variant: string;
}

/** An identify: it counts for nothing, but tells who is who. */
export interface LinkEntry extends Seen {
  readonly kind: 'link';
}

export type LogEntry = TrackEntry | ImpressionEntry | LinkEntry;

/** An experiment as far as measuring goes. */
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
  /** Compared without regard to case. @default every name */
  readonly allowedEvents?: readonly string[] | undefined;
  readonly bots: 'allow' | 'block';
  /** How old an event may be when it arrives. @default seven days */
  readonly maxAgeMs?: number | undefined;
  /** What lies after it has not happened. */
  readonly now: number;
}

/** The counts of one variant; the units are sessions. */
export interface Tally {
  impressions: number;
  conversions: number;
  /** Conversions by secondary event. */
  readonly secondary: Map<string, number>;
}

/** What is counted: a session in which its visitor was exposed to an experiment. */
export interface CountedUnit {
  readonly variant: string;
  /** When the visitor was first exposed in it, in milliseconds since the epoch. */
  readonly exposedAt: number;
  /** When the goal that converted it happened; `undefined` while none did. */
  readonly convertedAt: number | undefined;
}

export interface Attribution {
  /** By experiment key, in no particular order: what the tallies count, unit by unit. */
  readonly units: ReadonlyMap<string, readonly CountedUnit[]>;
  /** By experiment key and variant name. */
  readonly tallies: ReadonlyMap<string, ReadonlyMap<string, Tally>>;
  /** One for each entry of the log; only tracked events have one. */
  readonly verdicts: readonly (Verdict | undefined)[];
  /** By place in the log; entries without any are missing. */
  readonly warnings: ReadonlyMap<number, readonly Warning[]>;
}
