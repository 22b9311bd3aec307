import { readFileSync } from 'node:fs';
import { attribute } from '../../src/collector/measuring/attribution.js';
import type { Attribution, LogEntry, MeasuringRules } from '../../src/collector/measuring/measured-log.js';

const MINUTE = 60_000;

interface ScenarioExperiment {
  readonly variants: string[];
  readonly runs: [number, number][];
  readonly pauses: [number, number][];
}

interface Settings {
  readonly nowMinute: number;
  readonly goal: string;
  readonly secondary: string[];
  readonly allowedEvents: string[];
  readonly bots: 'allow' | 'block';
  readonly experiments: Record<string, ScenarioExperiment>;
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
}

export interface Scenario {
  readonly id: string;
  readonly settings?: Partial<Settings>;
  readonly events: ScenarioEvent[];
  readonly expect: Outcome;
}

export interface Outcome {
  readonly impressions: Record<string, number>;
  readonly conversions: Record<string, number>;
  readonly secondary: Record<string, number>;
  readonly verdicts: string[];
  readonly warnings: string[];
}

const file = JSON.parse(readFileSync(new URL('../fixtures/attribution.json', import.meta.url), 'utf8')) as {
  defaults: Settings;
  scenarios: Scenario[];
};

export const scenarios: readonly Scenario[] = file.scenarios;

export function rulesOf(scenario: Pick<Scenario, 'settings'>): MeasuringRules {
  const settings = { ...file.defaults, ...scenario.settings };
  const intervals = (list: [number, number][]) =>
    list.map(([from, to]): [number, number] => [from * MINUTE, to * MINUTE]);
  return {
    experiments: Object.entries(settings.experiments).map(([key, { variants, runs, pauses }]) => ({
      key,
      variants,
      primary: settings.goal,
      secondary: settings.secondary,
      runs: intervals(runs),
      pauses: intervals(pauses),
    })),
    allowedEvents: settings.allowedEvents,
    bots: settings.bots,
    now: settings.nowMinute * MINUTE,
  };
}

/** The log the service would have: reading an assignment records nothing. */
export function logOf(events: readonly ScenarioEvent[]): LogEntry[] {
  return events.flatMap((event): LogEntry[] => {
    const minute = event.minute ?? 0;
    const seen = {
      time: minute * MINUTE,
      receivedAt: (event.receivedMinute ?? minute) * MINUTE,
      visitors: event.visitors ?? ([event.visitor!] satisfies [string]),
      sid: event.sid ?? undefined,
      distinctId: event.distinctId,
      bot: event.bot,
    };
    if (event.kind === 'link') return [{ ...seen, kind: 'link' }];
    if (event.kind === 'track') return [{ ...seen, kind: 'track', event: event.event! }];
    if (event.kind === 'assignment_read') return [];
    return [{ ...seen, kind: 'impression', experiment: event.experiment!, variant: event.variant! }];
  });
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
