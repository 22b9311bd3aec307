import { z } from 'zod';
import type { Experiment, ExperimentType, QueryRule, Targeting } from './experiment.js';
import * as fields from './fields.js';
import { resolveVariants, type VariantConfig } from './variants.js';

/** What people decide about an experiment, in the shape in which it is posted. */
export interface Design {
  readonly key?: string | undefined;
  /** @default the key */
  readonly name?: string | undefined;
  /** @default none */
  readonly description?: string | undefined;
  /** Whether a redirect keeps the query of the page. @default false */
  readonly includeQueryString?: boolean | undefined;
  /** @default 'ab' */
  readonly type?: ExperimentType | undefined;
  /** @default none */
  readonly variants?: readonly VariantConfig[] | undefined;
  readonly metrics?:
    | {
        /** @default none, which is enough for a draft */
        readonly primary?: Metric | null | undefined;
        /** @default none */
        readonly secondary?: readonly Metric[] | undefined;
      }
    | undefined;
  readonly targeting?:
    | {
        /** @default every page */
        readonly urls?: readonly string[] | undefined;
        /** @default none */
        readonly query?: readonly QueryRule[] | undefined;
        /** @default 'all' */
        readonly visitors?: Targeting['visitors'] | undefined;
      }
    | undefined;
  /** Percent of all visitors who take part, 0–100. @default 100 */
  readonly trafficAllocation?: number | undefined;
}

export interface Metric {
  readonly eventName: string;
}

const metric: z.ZodType<Metric> = z.strictObject({ eventName: fields.eventName });

const shape = {
  name: fields.text.optional(),
  description: fields.description.optional(),
  includeQueryString: z.boolean().optional(),
  type: fields.experimentType.optional(),
  variants: fields.variants.optional(),
  metrics: z
    .strictObject({
      primary: metric.nullish(),
      secondary: z.array(metric).max(fields.MAX_ENTRIES).optional(),
    })
    .optional(),
  targeting: z
    .strictObject({
      urls: fields.urls.optional(),
      query: fields.query.optional(),
      visitors: fields.visitors.optional(),
    })
    .optional(),
  trafficAllocation: fields.percent.optional(),
};

/** A whole experiment as it is posted: only its key must be there. */
export const newDesignSchema: z.ZodType<Design & { readonly key: string }> = z.strictObject({
  ...shape,
  key: fields.text,
});

/** Changes to one: what is left out stays as it is. */
export const changesSchema: z.ZodType<Design> = z.strictObject({ ...shape, key: fields.text.optional() });

/** A draft of which nothing is decided, made at `now`. */
export function blankDraft(id: string, key: string, now: number): Experiment {
  return {
    id,
    key,
    name: key,
    description: undefined,
    type: 'ab',
    status: 'draft',
    createdAt: now,
    updatedAt: undefined,
    variants: [],
    primary: undefined,
    secondary: [],
    runs: [],
    pauses: [],
    allocation: 1,
    targeting: { urls: [], query: [], visitors: 'all' },
    includeQueryString: false,
    winner: undefined,
    rollout: undefined,
  };
}

/** The experiment as the design wants it. [A] Each field that is given replaces the whole of what was there. */
export function applyDesign(experiment: Experiment, design: Design): Experiment {
  const { key, name, description, type, variants, metrics, targeting, trafficAllocation, includeQueryString } = design;
  return {
    ...experiment,
    key: key ?? experiment.key,
    name: name ?? experiment.name,
    description: description ?? experiment.description,
    type: type ?? experiment.type,
    variants: variants === undefined ? experiment.variants : resolveVariants(variants),
    ...(metrics === undefined ? {} : resolveMetrics(metrics)),
    allocation: trafficAllocation === undefined ? experiment.allocation : trafficAllocation / 100,
    targeting: targeting === undefined ? experiment.targeting : resolveTargeting(targeting),
    includeQueryString: includeQueryString ?? experiment.includeQueryString,
  };
}

function resolveMetrics({ primary, secondary = [] }: NonNullable<Design['metrics']>): {
  primary: string | undefined;
  secondary: string[];
} {
  const goal = primary?.eventName;
  const others = new Set(secondary.map(({ eventName }) => eventName));
  return { primary: goal, secondary: [...others].filter((event) => event !== goal) };
}

function resolveTargeting({ urls = [], query = [], visitors = 'all' }: NonNullable<Design['targeting']>): Targeting {
  return { urls, query, visitors };
}
