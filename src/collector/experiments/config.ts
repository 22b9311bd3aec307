import { z } from 'zod';
import { OursError } from '../../core/errors.js';
import type { Interval } from '../measuring/interval.js';
import { parse } from '../parse.js';
import { applyDesign, blankDraft } from './design.js';
import type { Experiment, ExperimentStatus, ExperimentType, QueryRule, Targeting } from './experiment.js';
import * as fields from './fields.js';
import { isStartable, STARTING_NEEDS } from './lifecycle.js';
import type { VariantConfig } from './variants.js';

export interface ExperimentConfig {
  readonly key: string;
  /** @default `experiment_` and the key */
  readonly id?: string | undefined;
  /** @default the key */
  readonly name?: string | undefined;
  /** @default 'ab' */
  readonly type?: ExperimentType | undefined;
  /** Two or more, unless it is a draft. */
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

const configSchema: z.ZodType<ExperimentConfig> = z.strictObject({
  key: fields.text,
  id: fields.text.optional(),
  name: fields.text.optional(),
  type: fields.experimentType.optional(),
  variants: fields.variants,
  primary: fields.eventName.optional(),
  secondary: z.array(fields.eventName).max(fields.MAX_ENTRIES).optional(),
  status: z.enum(['draft', 'running', 'paused', 'completed']).optional(),
  startedAt: z.number().optional(),
  stoppedAt: z.number().optional(),
  pauses: z.array(z.tuple([z.number(), z.number()])).optional(),
  allocation: fields.percent.optional(),
  urls: fields.urls.optional(),
  query: fields.query.optional(),
  visitors: fields.visitors.optional(),
});

/**
 * Checks an experiment given in code or in a file and fills in its defaults; `now` is when a pause or stop without a time
 * began.
 *
 * @throws OursError `invalid_option` naming the field.
 */
export function resolveExperiment(input: unknown, goal: string | undefined, now: number): Experiment {
  const parsed = parse(configSchema, input);
  if (parsed.problem !== undefined) throw invalid(input, parsed.problem);
  const config = parsed.data;
  const { key, name, type, variants, urls, query, visitors } = config;
  const primary = config.primary ?? goal;
  const experiment = applyDesign(blankDraft(config.id ?? `experiment_${key}`, key, now), {
    name,
    type,
    variants,
    metrics: {
      primary: primary === undefined ? undefined : { eventName: primary },
      secondary: config.secondary?.map((eventName) => ({ eventName })),
    },
    targeting: { urls, query, visitors },
    trafficAllocation: config.allocation,
  });
  const status = config.status ?? 'running';
  if (status !== 'draft' && !isStartable(experiment)) {
    throw invalid(input, `${STARTING_NEEDS} The metric is its "primary", or "goal" for all experiments`);
  }
  return {
    ...experiment,
    status,
    runs: runsOf(config, now),
    pauses: config.pauses ?? (status === 'paused' ? [[now, Number.POSITIVE_INFINITY]] : []),
  };
}

function runsOf({ status, startedAt, stoppedAt }: ExperimentConfig, now: number): Interval[] {
  if (status === 'draft') return [];
  const stop = stoppedAt ?? (status === 'completed' ? now : Number.POSITIVE_INFINITY);
  return [[startedAt ?? Number.NEGATIVE_INFINITY, stop]];
}

/** Several experiments may stand in one file: the message tells which one it is about, if it has a key. */
function invalid(input: unknown, message: string): OursError {
  const key = parse(z.object({ key: fields.text }), input).data?.key;
  return new OursError('invalid_option', `experiment${key === undefined ? '' : ` ${key}`}: ${message}.`);
}
