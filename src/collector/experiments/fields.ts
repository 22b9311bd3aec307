import { z } from 'zod';
import { MAX_EVENT_NAME_LENGTH } from '../../protocol/limits.js';
import type { DomModification, ExperimentType, QueryRule, Targeting, VariantType } from './experiment.js';
import { compilePattern } from './pattern.js';
import { describeVariantsProblem, type VariantConfig } from './variants.js';

// The fields of an experiment, with the same checks for every kind of input.

/** [A] No real experiment has more variants, rules or metrics. More would only keep the collector busy. */
export const MAX_ENTRIES = 50;

// [A] About a page of text.
const MAX_DESCRIPTION = 10_000;

/** A key, name or id: a string that survives being stored and read again. */
export const text: z.ZodType<string> = z
  .string({ error: 'must be a string' })
  .min(1, 'must not be empty')
  .max(MAX_EVENT_NAME_LENGTH, `must have at most ${MAX_EVENT_NAME_LENGTH} characters`)
  .refine((value) => !/[\p{Cc}\p{Cs}]/u.test(value), 'must be well-formed and without control characters');

/** The name of a metric's event. */
export const eventName: z.ZodType<string> = text.refine(
  (name) => !name.startsWith('$'),
  'names starting with $ are reserved, and such events never count',
);

/** 0–100. */
export const percent: z.ZodType<number> = z
  .number({ error: 'must be a number' })
  .min(0, 'must be at least 0')
  .max(100, 'must be at most 100');

export const experimentType: z.ZodType<ExperimentType> = z.enum(['ab', 'multivariate', 'personalization']);

/** Free text, possibly several lines. */
export const description: z.ZodType<string> = z
  .string()
  .max(MAX_DESCRIPTION)
  .refine((value) => !/\p{Cs}/u.test(value), 'must be well-formed');

export const variantType: z.ZodType<VariantType> = z.enum(['dom_modifications', 'redirect']);

/** A URL, or a path of the same site. */
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

/** Any number: how many an experiment needs depends on its state. */
export const variants: z.ZodType<VariantConfig[]> = z
  .array(variant)
  .max(MAX_ENTRIES)
  .superRefine(checkedBy(describeVariantsProblem));

// Published by the Platform API: what the service accepts must not be refused here.
const MAX_URLS = 200;
const MAX_URL_LENGTH = 2_000;

/** URL globs. */
export const urls: z.ZodType<string[]> = z.array(z.string().min(1).max(MAX_URL_LENGTH)).max(MAX_URLS);

const operator = z.enum(['equals', 'not_equals', 'contains', 'exists', 'not_exists', 'regex']);
const ruleValue = z.string().max(MAX_EVENT_NAME_LENGTH);

/** Rules with a value where the operator needs one. Regular expressions must be accepted by {@link compilePattern}. */
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

/** A rule with the field names of the Platform API. */
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
  if (value === undefined) return `value: required by the operator ${operator}`;
  return operator === 'regex' ? describePatternProblem(value) : undefined;
}

// [A] Longer than any real expression.
const MAX_PATTERN_LENGTH = 500;

function describePatternProblem(source: string): string | undefined {
  if (source.length > MAX_PATTERN_LENGTH) return `value: must have at most ${MAX_PATTERN_LENGTH} characters`;
  try {
    compilePattern(source);
    return undefined;
  } catch (error) {
    return `value: ${(error as SyntaxError).message}`;
  }
}
