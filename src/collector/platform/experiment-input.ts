import { z } from 'zod';
import type { Design, Metric } from '../experiments/design.js';
import type { ExperimentType, QueryRule, Targeting } from '../experiments/experiment.js';
import * as fields from '../experiments/fields.js';
import type { VariantConfig } from '../experiments/variants.js';

// What the Platform API takes of an experiment, in its own names. `null` stands for what is left out, except where it clears.

const notHere = (what: string): z.ZodType<null | undefined> =>
  z.null(`the collector knows no ${what}: only the service does`).optional();

const metric = z.strictObject({ eventName: fields.eventName, funnelId: notHere('funnels') });

const targetingRules = z.strictObject({
  urlPatterns: fields.urls,
  audienceId: notHere('audiences'),
  visitorProperties: notHere('properties of visitors at the time of an assignment'),
  visitorStatus: fields.visitors.nullish(),
  queryParams: fields.queryParams.nullish(),
});

const shape = {
  name: fields.text,
  key: fields.text.nullish(),
  description: fields.description.nullish(),
  trafficAllocation: fields.percent.nullish(),
  includeQueryString: z.boolean().nullish(),
  targetingRules: targetingRules.nullish(),
  metrics: z
    .strictObject({
      primary: metric.nullish(),
      secondary: z.array(metric).max(fields.MAX_ENTRIES).nullish(),
    })
    .nullish(),
};

/** What can be changed of an experiment. */
export interface ExperimentChanges {
  readonly name?: string | null | undefined;
  readonly key?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly trafficAllocation?: number | null | undefined;
  readonly includeQueryString?: boolean | null | undefined;
  readonly targetingRules?:
    | {
        readonly urlPatterns: readonly string[];
        readonly visitorStatus?: Targeting['visitors'] | null | undefined;
        readonly queryParams?: readonly fields.QueryParam[] | null | undefined;
      }
    | null
    | undefined;
  readonly metrics?:
    | {
        readonly primary?: Metric | null | undefined;
        readonly secondary?: readonly Metric[] | null | undefined;
      }
    | null
    | undefined;
}

/** A new experiment as it is posted. */
export interface NewExperiment extends ExperimentChanges {
  /** [A] Any id will do: the collector has one account, whose experiments all belong together. */
  readonly experimentSettingsId: string;
  readonly name: string;
  readonly type?: ExperimentType | null | undefined;
  /** Percent of the control. [A] Decides nothing here: the control's weight is what the other variants leave. */
  readonly controlWeight?: number | null | undefined;
}

export const newExperimentSchema: z.ZodType<NewExperiment> = z.strictObject({
  ...shape,
  experimentSettingsId: z.string().min(1),
  type: fields.experimentType.nullish(),
  controlWeight: z.int().min(1).max(100).nullish(),
});

/** A new experiment with its variants. */
export interface WholeExperiment extends ExperimentChanges {
  readonly key: string;
  readonly type?: ExperimentType | null | undefined;
  readonly variants: readonly VariantConfig[];
}

/**
 * The collector's own shortcut: a body with `variants` makes an experiment in one request, and its name is the key unless
 * given. The service takes variants one by one.
 */
export const wholeExperimentSchema: z.ZodType<WholeExperiment> = z.strictObject({
  ...shape,
  experimentSettingsId: z.string().min(1).optional(),
  name: fields.text.nullish(),
  key: fields.text,
  type: fields.experimentType.nullish(),
  variants: fields.variants,
});

export const experimentChangesSchema: z.ZodType<ExperimentChanges> = z.strictObject({
  ...shape,
  name: fields.text.nullish(),
});

/** The design that what was posted stands for. */
export function toDesign(input: ExperimentChanges): Design {
  const { name, key, description, trafficAllocation, includeQueryString, targetingRules, metrics } = input;
  return {
    name: name ?? undefined,
    key: key ?? undefined,
    description: description === null ? '' : description,
    trafficAllocation: trafficAllocation ?? undefined,
    includeQueryString: includeQueryString ?? undefined,
    // [A] Rules and metrics that are `null` are cleared.
    targeting: targetingRules === undefined ? undefined : toTargeting(targetingRules),
    metrics: metrics === undefined ? undefined : toMetrics(metrics),
  };
}

function toTargeting(rules: ExperimentChanges['targetingRules']): Design['targeting'] {
  return {
    urls: rules?.urlPatterns,
    query: rules?.queryParams?.map(({ key, operator, value }): QueryRule => {
      return { parameter: key, operator, value: value ?? undefined };
    }),
    visitors: rules?.visitorStatus ?? undefined,
  };
}

function toMetrics(metrics: ExperimentChanges['metrics']): Design['metrics'] {
  return {
    primary: nameOf(metrics?.primary),
    secondary: metrics?.secondary?.map(({ eventName }) => ({ eventName })),
  };
}

function nameOf(metric: Metric | null | undefined): Metric | undefined {
  return metric ? { eventName: metric.eventName } : undefined;
}
