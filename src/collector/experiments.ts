import { z } from 'zod';
import { OursError } from '../errors.js';
import { MAX_EVENT_NAME_LENGTH } from '../protocol/limits.js';
import { describeIssue } from './schemas.js';

export type ExperimentType = 'ab' | 'multivariate' | 'personalization';
export type ExperimentStatus = 'draft' | 'running' | 'paused' | 'completed';

/** A stretch of time in milliseconds since the epoch, its end not included. */
export type Interval = readonly [from: number, to: number];

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
}

export interface Variant {
  readonly id: string;
  readonly name: string;
  readonly isControl: boolean;
  /** 0–1; the shares of an experiment add up to 1. */
  readonly share: number;
}

/** An experiment with every default filled in; whether it runs is a matter of its times alone. */
export interface Experiment {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly type: ExperimentType;
  readonly variants: readonly Variant[];
  readonly primary: string;
  readonly secondary: readonly string[];
  readonly runs: readonly Interval[];
  readonly pauses: readonly Interval[];
  /** 0–1. */
  readonly allocation: number;
  readonly urls: readonly string[];
}

const text = z.string().min(1).max(MAX_EVENT_NAME_LENGTH);
const percent = z.number().min(0).max(100);

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
    variants: resolveVariants(config),
    primary,
    secondary: [...new Set(config.secondary)].filter((event) => event !== primary),
    runs: runsOf(config, now),
    pauses: config.pauses ?? (config.status === 'paused' ? [[now, Number.POSITIVE_INFINITY]] : []),
    allocation: (config.allocation ?? 100) / 100,
    urls: config.urls ?? [],
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

/** Tells whether `time` lies in one of `intervals`. */
export function isWithin(intervals: readonly Interval[], time: number): boolean {
  return intervals.some(([from, to]) => time >= from && time < to);
}
