import { readFileSync } from 'node:fs';
import { attribute } from '../../../src/collector/measuring/attribution.js';
import type { Attribution, LogEntry, MeasuringRules } from '../../../src/collector/measuring/measured-log.js';
import { toSid } from '../../../src/protocol/identity.js';

const MINUTE = 60_000;

interface ScenarioExperiment {
  readonly variants: string[];
  readonly runs: [number, number][];
  readonly pauses: [number, number][];
}

export interface Settings {
  readonly nowMinute: number;
  readonly maxAgeMinutes: number;
  readonly goal: string;
  readonly secondary: string[];
  readonly allowedEvents: string[];
  readonly bots: 'allow' | 'block';
  readonly experiments: Record<string, Partial<ScenarioExperiment>>;
}

interface ScenarioEvent {
  readonly kind: 'impression' | 'track' | 'link' | 'assignment_read';
  readonly minute?: number;
  readonly receivedMinute?: number;
  readonly visitor?: string;
  readonly visitors?: [string, ...string[]];
  readonly sid?: string | null;
  readonly experiment?: string;
  readonly variant?: string;
  readonly event?: string;
  readonly distinctId?: string;
  readonly bot?: boolean;
  /** Who sent it. @default 'server' */
  readonly from?: 'browser' | 'server';
}

export interface Scenario {
  readonly id: string;
  /** Each setting replaces the default of its name. Missing fields of an experiment come from the default of its key. */
  readonly settings?: Partial<Settings>;
  readonly events: readonly ScenarioEvent[];
  readonly expect: Outcome;
}

export interface Outcome {
  readonly impressions: Record<string, number>;
  readonly conversions: Record<string, number>;
  readonly secondary: Record<string, number>;
  readonly verdicts: string[];
  readonly warnings: string[];
}

interface ScenarioFile {
  readonly defaults: Settings;
  readonly scenarios: readonly Scenario[];
}

function readScenarios(name: string): ScenarioFile {
  return JSON.parse(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')) as ScenarioFile;
}

const published = readScenarios('attribution.json');

/** The published scenarios, and our own about the session that an impression joins. */
export const scenarios: readonly Scenario[] = [
  ...published.scenarios,
  ...readScenarios('session-scenarios.json').scenarios,
];

/** The rules of a scenario. What it and its file's `defaults` omit is as in the published file. */
export function rulesOf(
  { settings }: Pick<Scenario, 'settings'>,
  fileDefaults: Partial<Settings> = {},
): MeasuringRules {
  const defaults = { ...published.defaults, ...fileDefaults };
  const { experiments, ...rest } = { ...defaults, ...settings };
  const intervals = (list: [number, number][] = []) =>
    list.map(([from, to]): [number, number] => [from * MINUTE, to * MINUTE]);
  return {
    experiments: Object.entries(experiments).map(([key, stated]) => {
      const { variants = [], runs, pauses } = { ...defaults.experiments[key], ...stated };
      return {
        key,
        variants,
        primary: rest.goal,
        secondary: rest.secondary,
        runs: intervals(runs),
        pauses: intervals(pauses),
      };
    }),
    allowedEvents: rest.allowedEvents,
    bots: rest.bots,
    maxAgeMs: rest.maxAgeMinutes * MINUTE,
    now: rest.nowMinute * MINUTE,
  };
}

/** The log of the service, in the order of arrival. Reading an assignment records nothing. */
export function logOf(events: readonly ScenarioEvent[]): LogEntry[] {
  return events.flatMap(toLogEntries).sort((a, b) => a.receivedAt - b.receivedAt);
}

function toLogEntries(event: ScenarioEvent): LogEntry[] {
  const minute = event.minute ?? 0;
  const seen = {
    time: minute * MINUTE,
    receivedAt: (event.receivedMinute ?? minute) * MINUTE,
    visitors: event.visitors ?? ([event.visitor!] satisfies [string]),
    sid: toSid(event.sid),
    distinctId: event.distinctId,
    bot: event.bot,
    source: event.from,
  };
  switch (event.kind) {
    case 'link':
      return [{ ...seen, kind: 'link' }];
    case 'track':
      return [{ ...seen, kind: 'track', event: event.event! }];
    case 'impression':
      return [{ ...seen, kind: 'impression', experiment: event.experiment!, variant: event.variant! }];
    case 'assignment_read':
      return [];
    default:
      throw new Error(`no kind of event is called ${JSON.stringify(event.kind)}`);
  }
}

export function outcomeOf(log: readonly LogEntry[], rules: MeasuringRules): Outcome {
  return summarise(attribute(log, rules));
}

function summarise({ tallies, verdicts, warnings }: Attribution): Outcome {
  const impressions: Record<string, number> = {};
  const conversions: Record<string, number> = {};
  const secondary: Record<string, number> = {};
  for (const [experiment, variants] of tallies) {
    for (const [variant, tally] of variants) {
      const key = `${experiment}/${variant}`;
      if (tally.impressions > 0) impressions[key] = tally.impressions;
      if (tally.conversions > 0) conversions[key] = tally.conversions;
      for (const [event, count] of tally.secondary) if (count > 0) secondary[`${key}:${event}`] = count;
    }
  }
  return {
    impressions,
    conversions,
    secondary,
    verdicts: verdicts.filter((verdict) => verdict !== undefined),
    warnings: [...new Set([...warnings.values()].flat())].sort(),
  };
}
