import { z } from 'zod';
import { OursError } from '../../core/errors.js';
import type { Interval } from '../measuring/interval.js';
import { parse } from '../parse.js';
import { applyDesign, blankDraft, designShape, type KeyedDesign } from './design.js';
import type { Experiment, ExperimentStatus } from './experiment.js';
import * as fields from './fields.js';
import { isStartable, STARTING_NEEDS } from './lifecycle.js';
import type { VariantConfig } from './variants.js';

/** An experiment in code or in a file. Its goal defaults to the collector's `goal`. */
export interface ExperimentConfig extends KeyedDesign {
  /** @default `experiment_` and the key */
  readonly id?: string | undefined;
  /** Two or more, unless it is a draft. */
  readonly variants: readonly VariantConfig[];
  /** `paused` and `completed` begin when the collector starts, unless the times below say otherwise. @default 'running' */
  readonly status?: ExperimentStatus | undefined;
  /** Milliseconds since the epoch. @default since forever */
  readonly startedAt?: number | undefined;
  /** Milliseconds since the epoch, exclusive. @default never */
  readonly stoppedAt?: number | undefined;
  /** @default none */
  readonly pauses?: readonly Interval[] | undefined;
}

const configSchema: z.ZodType<ExperimentConfig> = z.strictObject({
  ...designShape,
  key: fields.text,
  id: fields.text.optional(),
  variants: fields.variants,
  status: z.enum(['draft', 'running', 'paused', 'completed']).optional(),
  startedAt: z.number().optional(),
  stoppedAt: z.number().optional(),
  pauses: z.array(z.tuple([z.number(), z.number()])).optional(),
});

/**
 * Checks an experiment given in code or in a file and fills in its defaults. A pause or stop without a time begins at `now`.
 *
 * @throws OursError `invalid_option` naming the field.
 */
export function resolveExperiment(input: unknown, goal: string | undefined, now: number): Experiment {
  const parsed = parse(configSchema, input);
  if (parsed.problem !== undefined) throw invalid(input, parsed.problem);
  const { id, key, status = 'running', startedAt, stoppedAt, pauses, ...design } = parsed.data;
  const draft = blankDraft(id ?? `experiment_${key}`, key, now);
  const experiment = applyDesign(draft, { ...design, primary: design.primary ?? goal });
  if (status !== 'draft' && !isStartable(experiment)) {
    throw invalid(input, `${STARTING_NEEDS} The metric is its "primary", or "goal" for all experiments`);
  }
  const start = startedAt ?? Number.NEGATIVE_INFINITY;
  const stop = stoppedAt ?? (status === 'completed' ? now : Number.POSITIVE_INFINITY);
  return {
    ...experiment,
    status,
    runs: status === 'draft' ? [] : [[start, stop]],
    pauses: pauses ?? (status === 'paused' ? [[now, Number.POSITIVE_INFINITY]] : []),
  };
}

/** The message names the experiment if it has a key, because one file may hold several. */
function invalid(input: unknown, message: string): OursError {
  const key = parse(z.object({ key: fields.text }), input).data?.key;
  return new OursError('invalid_option', `experiment${key === undefined ? '' : ` ${key}`}: ${message}.`);
}
