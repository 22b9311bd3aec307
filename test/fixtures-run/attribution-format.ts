import {
  logOf,
  type Outcome,
  outcomeOf,
  rulesOf,
  type Scenario,
  type Settings,
} from '../collector/measuring/attribution-scenario.js';
import type { Case } from './case.js';
import { diffCounts, diffList, diffSet } from './diff.js';

/** Scenarios of the measuring rules with their outcomes, as in `test/fixtures/attribution.json`. */
export interface AttributionFile {
  readonly defaults?: Partial<Settings>;
  readonly scenarios: readonly StatedScenario[];
}

/** A file may state only a part of the outcome. The other parts are not compared. */
interface StatedScenario extends Omit<Scenario, 'id' | 'expect'> {
  readonly id?: string;
  readonly expect?: Partial<Outcome>;
}

export function isAttributionFile(file: object): file is AttributionFile {
  return 'scenarios' in file && Array.isArray(file.scenarios);
}

export function attributionCases({ defaults, scenarios }: AttributionFile): Case[] {
  return scenarios.map((scenario, i) => ({
    name: scenario.id ?? `scenario ${i + 1}`,
    differences: () => differences(scenario.expect, outcomeOf(logOf(scenario.events), rulesOf(scenario, defaults))),
  }));
}

function differences(expected: Partial<Outcome> = {}, actual: Outcome): string[] {
  const { impressions, conversions, secondary, verdicts, warnings } = expected;
  if (![impressions, conversions, secondary, verdicts, warnings].some((part) => part !== undefined)) {
    return ['nothing is expected: "expect" has none of impressions, conversions, secondary, verdicts and warnings'];
  }
  return [
    ...diffCounts('impressions', impressions ?? actual.impressions, actual.impressions),
    ...diffCounts('conversions', conversions ?? actual.conversions, actual.conversions),
    ...diffCounts('secondary', secondary ?? actual.secondary, actual.secondary),
    ...diffList('verdict', verdicts ?? actual.verdicts, actual.verdicts),
    ...diffSet('warnings', warnings ?? actual.warnings, actual.warnings),
  ];
}
