import { z } from 'zod';
import { MAX_EVENT_NAME_LENGTH } from '../../protocol/limits.js';
import type { DomModification, ExperimentType, QueryRule, Targeting, VariantType } from './experiment.js';
import { compilePattern } from './pattern.js';
import { describeVariantsProblem, type VariantConfig } from './variants.js';

// The fields of an experiment, checked alike whether it is posted or configured.

/** [A] More variants, rules or metrics would be no experiment somebody made, and would only keep the collector busy. */
export const MAX_ENTRIES = 50;

// [A] Enough for a page of prose.
const MAX_DESCRIPTION = 10_000;

/** A key, name or id: anything that survives being written down and read again. */
export const text: z.ZodType<string> = z
  .string({ error: 'must be text' })
  .min(1, 'must not be empty')
  .max(MAX_EVENT_NAME_LENGTH, `must have at most ${MAX_EVENT_NAME_LENGTH} characters`)
  .refine((value) => !/[\p{Cc}\p{Cs}]/u.test(value), 'expected well-formed text without control characters');

/** The name of a metric's event. */
export const eventName: z.ZodType<string> = text.refine(
  (name) => !name.startsWith('$'),
  'names starting with $ are reserved: no such event is ever counted',
);

/** 0–100. */
export const percent: z.ZodType<number> = z
  .number({ error: 'must be a number' })
  .min(0, 'must be at least 0')
  .max(100, 'must be at most 100');

export const experimentType: z.ZodType<ExperimentType> = z.enum(['ab', 'multivariate', 'personalization']);

/** Text for people; may have several lines. */
export const description: z.ZodType<string> = z
  .string()
  .max(MAX_DESCRIPTION)
  .refine((value) => !/\p{Cs}/u.test(value), 'expected well-formed text');

export const variantType: z.ZodType<VariantType> = z.enum(['dom_modifications', 'redirect']);

/** An address, or a path of the same site. */
export const redirectUrl: z.ZodType<string> = z.string().min(1).max(MAX_EVENT_NAME_LENGTH);

export const domModifications: z.ZodType<DomModification[]> = z
  .array(
    z.strictObject({
      selector: z.string().max(MAX_EVENT_NAME_LENGTH),
      action: z.enum([
        'customCss',
        'customJs',
        'insertAfter',
        'insertBefore',
        'remove',
        'setAttribute',
        'setHtml',
        'setImage',
        'setStyle',
        'setText',
      ]),
      value: z.string().max(MAX_DESCRIPTION).nullish(),
      styles: z
        .array(z.strictObject({ property: z.string().min(1), value: z.string() }))
        .max(MAX_ENTRIES)
        .nullish(),
      attribute: z.record(z.string(), z.unknown()).nullish(),
    }),
  )
  .max(MAX_ENTRIES);

const variant: z.ZodType<VariantConfig> = z.strictObject({
  name: text,
  id: text.optional(),
  weight: percent.optional(),
  isControl: z.boolean().optional(),
  variantType: variantType.optional(),
  redirectUrl: redirectUrl.optional(),
  domModifications: domModifications.optional(),
});

/** None or more: how many an experiment needs depends on its state. */
export const variants: z.ZodType<VariantConfig[]> = z
  .array(variant)
  .max(MAX_ENTRIES)
  .superRefine(checkedBy(describeVariantsProblem));

// [A] A longer one would fit no address there is.
const MAX_PATTERN_LENGTH = 500;

/** URL globs. */
export const urls: z.ZodType<string[]> = z.array(z.string().min(1).max(MAX_PATTERN_LENGTH)).max(MAX_ENTRIES);

const operator = z.enum(['equals', 'not_equals', 'contains', 'exists', 'not_exists', 'regex']);
const ruleValue = z.string().max(MAX_EVENT_NAME_LENGTH);

/** Rules with a value where they need one; a regular expression is one that {@link compilePattern} takes. */
export const query: z.ZodType<QueryRule[]> = z
  .array(
    z
      .strictObject({
        parameter: text,
        operator,
        value: ruleValue.optional(),
      })
      .superRefine(checkedBy(describeRuleProblem)),
  )
  .max(MAX_ENTRIES);

/** A rule in the names of the Platform API. */
export interface QueryParam {
  readonly key: string;
  readonly operator: QueryRule['operator'];
  readonly value?: string | null | undefined;
}

export const queryParams: z.ZodType<QueryParam[]> = z
  .array(
    z
      .strictObject({ key: text, operator, value: ruleValue.nullish() })
      .superRefine(checkedBy(({ value, ...rule }) => describeRuleProblem({ ...rule, value: value ?? undefined }))),
  )
  .max(MAX_ENTRIES);

export const visitors: z.ZodType<Targeting['visitors']> = z.enum(['all', 'new', 'returning']);

function checkedBy<Value>(describeProblem: (value: Value) => string | undefined) {
  return (value: Value, context: z.RefinementCtx): void => {
    const message = describeProblem(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  };
}

function describeRuleProblem({ operator, value }: Pick<QueryRule, 'operator' | 'value'>): string | undefined {
  if (operator === 'exists' || operator === 'not_exists') return undefined;
  if (value === undefined) return `value: expected what the parameter is compared with by ${operator}`;
  return operator === 'regex' ? describePatternProblem(value) : undefined;
}

function describePatternProblem(source: string): string | undefined {
  if (source.length > MAX_PATTERN_LENGTH) return `value: expected at most ${MAX_PATTERN_LENGTH} characters`;
  try {
    compilePattern(source);
    return undefined;
  } catch (error) {
    return `value: ${(error as SyntaxError).message}`;
  }
}
