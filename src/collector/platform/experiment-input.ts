import { z } from 'zod';
import type { ExperimentDesign, KeyedDesign } from '../experiments/design.js';
import * as fields from '../experiments/fields.js';
import { type Parsed, parse } from '../parse.js';

// The fields of the Platform API. `null` means the same as leaving a field out, except where it clears.

const unsupported = (what: string): z.ZodType<null | undefined> =>
  z.null(`the collector does not support ${what}: only the service does`).optional();

const metric = z.strictObject({ eventName: fields.eventName, funnelId: unsupported('funnels') });

const targetingRules = z.strictObject({
  urlPatterns: fields.urls,
  audienceId: unsupported('audiences'),
  visitorProperties: unsupported('visitor properties at the time of an assignment'),
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

const changesSchema = z.strictObject({ ...shape, name: fields.text.nullish() });

const newSchema = z.strictObject({
  ...shape,
  // [A] Any id is accepted: the collector has one account, and all experiments belong to it.
  experimentSettingsId: z.string().min(1),
  type: fields.experimentType.nullish(),
  // [A] Ignored: the control gets the weight that the other variants leave.
  controlWeight: z.int().min(1).max(100).nullish(),
});

/**
 * The collector's own shortcut: a body with `variants` creates an experiment in one request, and the name defaults to the
 * key. The service takes variants one at a time.
 */
const wholeSchema = z.strictObject({
  ...shape,
  experimentSettingsId: z.string().min(1).optional(),
  name: fields.text.nullish(),
  key: fields.text,
  type: fields.experimentType.nullish(),
  variants: fields.variants,
});

/** Reads changes to an experiment. */
export function readChanges(body: unknown): Parsed<ExperimentDesign> {
  const parsed = parse(changesSchema, body);
  return parsed.problem === undefined ? { data: toDesign(parsed.data) } : parsed;
}

// [A] A control without other variants gets all of the weight.
const CONTROL = { name: 'Control', isControl: true };

/** Reads a new experiment. `keyFor` makes a key from the name if none is given. */
export function readNew(body: unknown, keyFor: (name: string) => string): Parsed<KeyedDesign> {
  if (typeof body === 'object' && body !== null && 'variants' in body) {
    const parsed = parse(wholeSchema, body);
    if (parsed.problem !== undefined) return parsed;
    const { key, type, variants } = parsed.data;
    return { data: { ...toDesign(parsed.data), key, type: type ?? undefined, variants } };
  }
  const parsed = parse(newSchema, body);
  if (parsed.problem !== undefined) return parsed;
  const { name, key, type } = parsed.data;
  return {
    data: { ...toDesign(parsed.data), key: key ?? keyFor(name), type: type ?? undefined, variants: [CONTROL] },
  };
}

function toDesign(input: z.infer<typeof changesSchema>): ExperimentDesign {
  const { name, key, description, trafficAllocation, includeQueryString, targetingRules, metrics } = input;
  return {
    name: name ?? undefined,
    key: key ?? undefined,
    description: description === null ? '' : description,
    allocation: trafficAllocation ?? undefined,
    includeQueryString: includeQueryString ?? undefined,
    // [A] `null` clears rules and metrics.
    ...(targetingRules === undefined ? {} : toTargeting(targetingRules)),
    ...(metrics === undefined ? {} : toMetrics(metrics)),
  };
}

function toTargeting(rules: z.infer<typeof targetingRules> | null): ExperimentDesign {
  return {
    urls: rules?.urlPatterns ?? [],
    query: (rules?.queryParams ?? []).map(({ key, operator, value }) => {
      return { parameter: key, operator, value: value ?? undefined };
    }),
    visitors: rules?.visitorStatus ?? 'all',
  };
}

function toMetrics(metrics: NonNullable<z.infer<typeof changesSchema>['metrics']> | null): ExperimentDesign {
  return {
    primary: metrics?.primary?.eventName ?? null,
    secondary: (metrics?.secondary ?? []).map(({ eventName }) => eventName),
  };
}
