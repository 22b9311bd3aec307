import { z } from 'zod';
import { OursError } from '../../errors.js';
import { MAX_EVENT_NAME_LENGTH } from '../../protocol/limits.js';
import { describeIssue } from '../describe-issue.js';
import type { Interval } from '../measuring/interval.js';

export type ExperimentType = 'ab' | 'multivariate' | 'personalization';
export type ExperimentStatus = 'draft' | 'running' | 'paused' | 'completed';

export interface VariantConfig {
  readonly name: string;
  /** @default `variant_` and the name */
  readonly id?: string | undefined;
  /** Percent of the visitors who take part. Variants without one share what is left evenly. */
  readonly weight?: number | undefined;
  /** @default the first variant */
  readonly isControl?: boolean | undefined;
}

export interface ExperimentConfig {
  readonly key: string;
  /** @default `experiment_` and the key */
  readonly id?: string | undefined;
  /** @default the key */
  readonly name?: string | undefined;
  /** @default 'ab' */
  readonly type?: ExperimentType | undefined;
  /** Two or more. */
  readonly variants: readonly VariantConfig[];
  /** The event that is the goal. @default the collector's `goal` */
  readonly primary?: string | undefined;
  /** Events counted beside the goal. */
  readonly secondary?: readonly string[] | undefined;
  /** `paused` and `completed` begin when the collector starts, unless the times below say otherwise. @default 'running' */
  readonly status?: ExperimentStatus | undefined;
  /** Milliseconds since the epoch. @default since forever */
  readonly startedAt?: number | undefined;
  /** Milliseconds since the epoch, itself no longer part of the run. @default never */
  readonly stoppedAt?: number | undefined;
  /** @default none */
  readonly pauses?: readonly Interval[] | undefined;
  /** Percent of all visitors who take part, 0–100. @default 100 */
  readonly allocation?: number | undefined;
  /** Pages it runs on, as globs. @default every page */
  readonly urls?: readonly string[] | undefined;
  /** Query parameters it asks for; all must fit. @default none */
  readonly query?: readonly QueryRule[] | undefined;
  /** @default 'all' */
  readonly visitors?: Targeting['visitors'] | undefined;
}

export interface Variant {
  readonly id: string;
  readonly name: string;
  readonly isControl: boolean;
  /** 0–1; the shares of an experiment add up to 1. */
  readonly share: number;
}

/** One condition on a query parameter of the page. */
export interface QueryRule {
  readonly parameter: string;
  readonly operator: 'equals' | 'not_equals' | 'contains' | 'exists' | 'not_exists' | 'regex';
  /** Left out where the operator needs none. */
  readonly value?: string | undefined;
}

/** Who and which pages an experiment is for; all of it must hold. */
export interface Targeting {
  /** Globs, one of which must fit; none means every page. */
  readonly urls: readonly string[];
  readonly query: readonly QueryRule[];
  /** [A] A returning visitor has been seen in an earlier session. */
  readonly visitors: 'all' | 'new' | 'returning';
}

/** An experiment with every default filled in. */
export interface Experiment {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly type: ExperimentType;
  readonly status: ExperimentStatus;
  readonly variants: readonly Variant[];
  /** The event that is the goal; a draft may have none yet. */
  readonly primary: string | undefined;
  readonly secondary: readonly string[];
  /** When it ran or runs: what counts is decided by these alone. */
  readonly runs: readonly Interval[];
  readonly pauses: readonly Interval[];
  /** The share of visitors who take part, 0–1. */
  readonly allocation: number;
  readonly targeting: Targeting;
  /** The id of the variant that was declared the winner. */
  readonly winner: string | undefined;
}

const text = z.string().min(1).max(MAX_EVENT_NAME_LENGTH);
const percent = z.number().min(0).max(100);

const queryRule: z.ZodType<QueryRule> = z.strictObject({
  parameter: z.string().min(1),
  operator: z.enum(['equals', 'not_equals', 'contains', 'exists', 'not_exists', 'regex']),
  value: z.string().optional(),
});

const configSchema: z.ZodType<ExperimentConfig> = z.strictObject({
  key: text,
  id: text.optional(),
  name: text.optional(),
  type: z.enum(['ab', 'multivariate', 'personalization']).optional(),
  variants: z
    .array(
      z.strictObject({
        name: text,
        id: text.optional(),
        weight: percent.optional(),
        isControl: z.boolean().optional(),
      }),
    )
    .min(2),
  primary: text.optional(),
  secondary: z.array(text).optional(),
  status: z.enum(['draft', 'running', 'paused', 'completed']).optional(),
  startedAt: z.number().optional(),
  stoppedAt: z.number().optional(),
  pauses: z.array(z.tuple([z.number(), z.number()])).optional(),
  allocation: percent.optional(),
  urls: z.array(z.string().min(1)).optional(),
  query: z.array(queryRule).optional(),
  visitors: z.enum(['all', 'new', 'returning']).optional(),
});

/**
 * Checks an experiment and fills in its defaults; `now` is when a pause or stop without a time began.
 *
 * @throws OursError `invalid_option` naming the field.
 */
export function resolveExperiment(input: unknown, goal: string | undefined, now: number): Experiment {
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) throw invalid(`experiment ${describeIssue(parsed.error)}`);
  const config = parsed.data;
  const primary = config.primary ?? goal;
  if (primary === undefined) {
    throw invalid(`experiment ${config.key} has no goal: set its "primary" event, or "goal" for all experiments`);
  }
  return {
    key: config.key,
    id: config.id ?? `experiment_${config.key}`,
    name: config.name ?? config.key,
    type: config.type ?? 'ab',
    status: config.status ?? 'running',
    variants: resolveVariants(config),
    primary,
    secondary: [...new Set(config.secondary)].filter((event) => event !== primary),
    runs: runsOf(config, now),
    pauses: config.pauses ?? (config.status === 'paused' ? [[now, Number.POSITIVE_INFINITY]] : []),
    allocation: (config.allocation ?? 100) / 100,
    targeting: { urls: config.urls ?? [], query: config.query ?? [], visitors: config.visitors ?? 'all' },
    winner: undefined,
  };
}

function runsOf({ status, startedAt, stoppedAt }: ExperimentConfig, now: number): Interval[] {
  if (status === 'draft') return [];
  const stop = stoppedAt ?? (status === 'completed' ? now : Number.POSITIVE_INFINITY);
  return [[startedAt ?? Number.NEGATIVE_INFINITY, stop]];
}

function resolveVariants({ key, variants }: ExperimentConfig): Variant[] {
  if (new Set(variants.map(({ name }) => name)).size < variants.length) {
    throw invalid(`experiment ${key} has two variants of the same name`);
  }
  const controls = variants.filter(({ isControl }) => isControl === true);
  if (controls.length > 1) throw invalid(`experiment ${key} has ${controls.length} controls; it needs exactly one`);
  const control = controls[0] ?? variants[0];
  const stated = variants.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  const open = variants.filter(({ weight }) => weight === undefined).length;
  if (stated > 100 + 1e-9 || (open === 0 && stated < 100 - 1e-9)) {
    throw invalid(`experiment ${key}: the weights add up to ${stated}; they are percent and must make 100`);
  }
  const resolved = variants.map((variant) => ({
    id: variant.id ?? `variant_${variant.name}`,
    name: variant.name,
    isControl: variant === control,
    share: (variant.weight ?? (100 - stated) / open) / 100,
  }));
  if (resolved.some(({ isControl, share }) => isControl && share < 0.01)) {
    throw invalid(`experiment ${key}: the control needs a weight of at least 1 percent`);
  }
  return resolved;
}

function invalid(message: string): OursError {
  return new OursError('invalid_option', `${message}.`);
}
