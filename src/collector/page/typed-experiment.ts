import type { Experiment, QueryRule, Targeting, Variant } from '../experiments/experiment.js';

/** The values of an experiment's form, all of them strings. */
export interface TypedExperiment {
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly variants: readonly TypedVariant[];
  /** The index of the control among the variants. */
  readonly control: number;
  readonly primary: string;
  /** One event name per line. */
  readonly secondary: string;
  /** One glob per line. */
  readonly urls: string;
  readonly rules: readonly TypedRule[];
  readonly visitors: string;
  readonly allocation: string;
}

interface TypedVariant {
  readonly name: string;
  readonly weight: string;
}

interface TypedRule {
  readonly parameter: string;
  readonly operator: string;
  readonly value: string;
}

const NEW_VARIANT: TypedVariant = { name: '', weight: '' };
const NEW_RULE: TypedRule = { parameter: '', operator: 'equals' satisfies QueryRule['operator'], value: '' };

export const BLANK_EXPERIMENT: TypedExperiment = {
  key: '',
  name: '',
  type: 'ab',
  variants: [NEW_VARIANT, NEW_VARIANT],
  control: 0,
  primary: '',
  secondary: '',
  urls: '',
  rules: [NEW_RULE],
  visitors: 'all' satisfies Targeting['visitors'],
  allocation: '100',
};

/** The form values of a draft. */
export function typedOf({
  key,
  name,
  type,
  variants,
  primary,
  secondary,
  targeting,
  allocation,
}: Experiment): TypedExperiment {
  const rows = variants.map((variant): TypedVariant => ({ name: variant.name, weight: percentOf(variant.share) }));
  while (rows.length < BLANK_EXPERIMENT.variants.length) rows.push(NEW_VARIANT);
  const rules = targeting.query.map(
    ({ parameter, operator, value = '' }): TypedRule => ({ parameter, operator, value }),
  );
  return {
    key,
    name: name === key ? '' : name,
    type,
    variants: rows,
    control: Math.max(
      0,
      variants.findIndex(({ isControl }) => isControl),
    ),
    primary: primary ?? '',
    secondary: secondary.join('\n'),
    urls: targeting.urls.join('\n'),
    rules: rules.length > 0 ? rules : BLANK_EXPERIMENT.rules,
    visitors: targeting.visitors,
    allocation: percentOf(allocation),
  };
}

/** Without rounding errors of binary fractions: 0.07 is 7 %. */
function percentOf(share: number): string {
  return String(Number((share * 100).toPrecision(12)));
}

/** Reads the posted form. Empty rows are dropped, except those that the form always shows. */
export function readTyped(form: URLSearchParams): TypedExperiment {
  const text = (name: string): string => form.get(name) ?? '';
  const columns = (name: string): string[] => form.getAll(name);
  const [weights, operators, values] = [columns('weight'), columns('operator'), columns('value')];
  const rows = columns('variant')
    .map((name, place) => ({ name, weight: weights[place] ?? '', place }))
    .filter(({ name, weight }) => name.trim() !== '' || weight.trim() !== '');
  const rules = columns('parameter')
    .map((parameter, place): TypedRule => {
      return { parameter, operator: operators[place] ?? NEW_RULE.operator, value: values[place] ?? '' };
    })
    .filter(({ parameter, value }) => parameter.trim() !== '' || value.trim() !== '');
  const variants = rows.map(({ name, weight }): TypedVariant => ({ name, weight }));
  while (variants.length < BLANK_EXPERIMENT.variants.length) variants.push(NEW_VARIANT);
  return {
    key: text('key'),
    name: text('name'),
    type: text('type'),
    variants,
    control: Math.max(
      0,
      rows.findIndex(({ place }) => String(place) === form.get('control')),
    ),
    primary: text('primary'),
    secondary: text('secondary'),
    urls: text('urls'),
    rules: rules.length > 0 ? rules : BLANK_EXPERIMENT.rules,
    visitors: text('visitors'),
    allocation: text('allocation'),
  };
}

/** Adds an empty row of the kind that a button names. */
export function withRow(typed: TypedExperiment, of: string | null): TypedExperiment {
  if (of === 'variant') return { ...typed, variants: [...typed.variants, NEW_VARIANT] };
  return of === 'rule' ? { ...typed, rules: [...typed.rules, NEW_RULE] } : typed;
}

/**
 * Converts the form values to a design, still unchecked: a string that is not a number stays a string. `known` variants keep
 * the fields that the form does not show.
 */
export function toInput(typed: TypedExperiment, known: readonly Variant[] = []): unknown {
  const primary = typed.primary.trim();
  return {
    key: typed.key.trim(),
    name: typed.name.trim() || undefined,
    type: typed.type,
    variants: typed.variants.filter(isFilled).map(({ name, weight }, place) => ({
      ...hiddenOf(known.find((variant) => variant.name === name.trim())),
      name: name.trim(),
      weight: numberOf(weight),
      isControl: place === typed.control ? true : undefined,
    })),
    primary: primary === '' ? null : primary,
    secondary: linesOf(typed.secondary),
    urls: linesOf(typed.urls),
    query: typed.rules.filter(isFilled).map(({ parameter, operator, value }) => ({
      parameter: parameter.trim(),
      operator,
      value: value === '' ? undefined : value,
    })),
    visitors: typed.visitors,
    allocation: numberOf(typed.allocation),
  };
}

function hiddenOf(variant: Variant | undefined): object {
  if (variant === undefined) return {};
  const { name: _name, share: _share, isControl: _isControl, ...hidden } = variant;
  return hidden;
}

function isFilled(row: TypedVariant | TypedRule): boolean {
  return row !== NEW_VARIANT && row !== NEW_RULE;
}

function numberOf(text: string): number | string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : trimmed;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
