import type { Experiment, QueryRule, Targeting, Variant } from '../experiments/experiment.js';

/** What was typed into the form of a new experiment, all of it still text. */
export interface TypedExperiment {
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly variants: readonly TypedVariant[];
  /** The place of the control among the variants. */
  readonly control: number;
  readonly primary: string;
  /** One event name a line. */
  readonly secondary: string;
  /** One glob a line. */
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

/** A draft as its form shows it. */
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

/** Without what binary fractions add: 0.07 is 7 %. */
function percentOf(share: number): string {
  return String(Number((share * 100).toPrecision(12)));
}

/** Reads the posted form. Rows left empty are gone, as far as the form can do without them. */
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

/** Adds an empty row to what a button stands for; other buttons add none. */
export function withRow(typed: TypedExperiment, of: string | null): TypedExperiment {
  if (of === 'variant') return { ...typed, variants: [...typed.variants, NEW_VARIANT] };
  return of === 'rule' ? { ...typed, rules: [...typed.rules, NEW_RULE] } : typed;
}

/**
 * What was typed as the experiments take it; they judge it, so what is no number is left as it is. `known` variants keep what the
 * form does not show.
 */
export function toInput(typed: TypedExperiment, known: readonly Variant[] = []): unknown {
  const primary = typed.primary.trim();
  return {
    key: typed.key.trim(),
    name: typed.name.trim() || undefined,
    type: typed.type,
    variants: typed.variants.filter(isFilled).map(({ name, weight }, place) => ({
      ...unseenOf(known.find((variant) => variant.name === name.trim())),
      name: name.trim(),
      weight: numberOf(weight),
      isControl: place === typed.control ? true : undefined,
    })),
    metrics: {
      primary: primary === '' ? undefined : { eventName: primary },
      secondary: linesOf(typed.secondary).map((eventName) => ({ eventName })),
    },
    targeting: {
      urls: linesOf(typed.urls),
      query: typed.rules.filter(isFilled).map(({ parameter, operator, value }) => ({
        parameter: parameter.trim(),
        operator,
        value: value === '' ? undefined : value,
      })),
      visitors: typed.visitors,
    },
    trafficAllocation: numberOf(typed.allocation),
  };
}

function unseenOf(variant: Variant | undefined): object {
  if (variant === undefined) return {};
  const { name: _name, share: _share, isControl: _isControl, ...unseen } = variant;
  return unseen;
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
