import { z } from 'zod';
import { type Parsed, parse } from '../parse.js';
import type { Experiment, ExperimentType, QueryRule, Targeting } from './experiment.js';
import * as fields from './fields.js';
import { resolveVariants, type VariantConfig } from './variants.js';

/** What a person decides about an experiment: in code or a file, in the form of the pages, or by the Platform API. */
export interface ExperimentDesign {
  readonly key?: string | undefined;
  /** @default the key */
  readonly name?: string | undefined;
  /** @default none */
  readonly description?: string | undefined;
  /** @default 'ab' */
  readonly type?: ExperimentType | undefined;
  /** @default none */
  readonly variants?: readonly VariantConfig[] | undefined;
  /** The event that is the goal. A draft may have none. */
  readonly primary?: string | null | undefined;
  /** Events that are counted in addition to the goal. @default none */
  readonly secondary?: readonly string[] | undefined;
  /** Percent of all visitors who take part, 0–100. @default 100 */
  readonly allocation?: number | undefined;
  /** Pages it runs on, as globs. @default every page */
  readonly urls?: readonly string[] | undefined;
  /** Rules for query parameters, all of which must match. @default none */
  readonly query?: readonly QueryRule[] | undefined;
  /** @default 'all' */
  readonly visitors?: Targeting['visitors'] | undefined;
  /** Whether a redirect keeps the query of the page. @default false */
  readonly includeQueryString?: boolean | undefined;
}

/** A design with the key of its experiment. */
export interface KeyedDesign extends ExperimentDesign {
  readonly key: string;
}

/** The fields of a design, for schemas that add to them. */
export const designShape: { readonly [Field in keyof ExperimentDesign]-?: z.ZodType<ExperimentDesign[Field]> } = {
  key: fields.text.optional(),
  name: fields.text.optional(),
  description: fields.description.optional(),
  type: fields.experimentType.optional(),
  variants: fields.variants.optional(),
  primary: fields.eventName.nullish(),
  secondary: z.array(fields.eventName).max(fields.MAX_ENTRIES).optional(),
  allocation: fields.percent.optional(),
  urls: fields.urls.optional(),
  query: fields.query.optional(),
  visitors: fields.visitors.optional(),
  includeQueryString: z.boolean().optional(),
};

const newSchema: z.ZodType<KeyedDesign> = z.strictObject({ ...designShape, key: fields.text });
const changesSchema: z.ZodType<ExperimentDesign> = z.strictObject(designShape);

/** Checks a new experiment. Only the key is required. */
export function parseNewDesign(input: unknown): Parsed<KeyedDesign> {
  return parse(newSchema, input);
}

/** Checks changes to an experiment. Fields that are left out stay as they are. */
export function parseDesignChanges(input: unknown): Parsed<ExperimentDesign> {
  return parse(changesSchema, input);
}

/** An empty draft, created at `now`. */
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

/** Applies a design to an experiment. [A] Each given field replaces the previous value as a whole. */
export function applyDesign(experiment: Experiment, design: ExperimentDesign): Experiment {
  const { variants, allocation, urls, query, visitors } = design;
  const primary = design.primary === undefined ? experiment.primary : (design.primary ?? undefined);
  const secondary = new Set(design.secondary ?? experiment.secondary);
  return {
    ...experiment,
    key: design.key ?? experiment.key,
    name: design.name ?? experiment.name,
    description: design.description ?? experiment.description,
    type: design.type ?? experiment.type,
    variants: variants === undefined ? experiment.variants : resolveVariants(variants),
    primary,
    secondary: [...secondary].filter((event) => event !== primary),
    allocation: allocation === undefined ? experiment.allocation : allocation / 100,
    targeting: {
      urls: urls ?? experiment.targeting.urls,
      query: query ?? experiment.targeting.query,
      visitors: visitors ?? experiment.targeting.visitors,
    },
    includeQueryString: design.includeQueryString ?? experiment.includeQueryString,
  };
}
