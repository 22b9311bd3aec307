import type { ExperimentType, QueryRule, Targeting } from '../experiments/experiment.js';
import { type Field, type FormError, fieldsOf, locateError, optionsOf } from './form-field.js';
import { type Content, type Html, html } from './html.js';
import type { TypedExperiment } from './typed-experiment.js';

const TYPES: Readonly<Record<ExperimentType, string>> = {
  ab: 'A/B',
  multivariate: 'Multivariate',
  personalization: 'Personalization',
};

const OPERATORS: Readonly<Record<QueryRule['operator'], string>> = {
  equals: 'equals',
  not_equals: 'does not equal',
  contains: 'contains',
  exists: 'is present',
  not_exists: 'is absent',
  regex: 'matches (regular expression)',
};

const VISITORS: Readonly<Record<Targeting['visitors'], string>> = {
  all: 'All visitors',
  new: 'New visitors',
  returning: 'Returning visitors',
};

/** The kind of row that was just added. Its first field gets the focus. */
export type AddedRow = 'variant' | 'rule' | undefined;

type ShowField = (field: Field) => Html;

/** The differences between the form of a new experiment and that of a draft. */
export interface FormPurpose {
  /** The path it is posted to. */
  readonly path: string;
  /** The label of its button. */
  readonly label: string;
  /** The target of "Cancel". */
  readonly back: string;
}

/** The form of an experiment, filled with the posted values. Each problem is shown next to its field. */
export function experimentForm(
  { path, label, back }: FormPurpose,
  typed: TypedExperiment,
  problems: readonly string[] = [],
  added?: AddedRow,
): Html {
  const errors = problems.map(locateError);
  const field = fieldsOf(errors);
  return html`${errors.length > 0 && summary(errors)}
<form class="setup" method="post" action="${path}">
<button class="visually-hidden" tabindex="-1" aria-hidden="true">${label}</button>
${naming(typed, field)}
${variants(typed, field, added, errors)}
${metrics(typed, field)}
${audience(typed, field, added)}
<p class="actions"><button class="primary">${label}</button> <a href="${back}">Cancel</a></p>
</form>`;
}

function summary(errors: readonly FormError[]): Html {
  if (errors.length === 1) return html`<p class="notice bad" role="alert">${errors[0]!.message}</p>`;
  return html`<div class="notice bad" role="alert"><p><b>Fix ${errors.length} things first:</b></p>
<ul>${errors.map(({ message }) => html`<li>${message}</li>`)}</ul></div>`;
}

// For identifiers, which browsers must not complete or correct.
const VERBATIM = html` autocomplete="off" autocapitalize="off" spellcheck="false"`;

function naming({ key, name, type }: TypedExperiment, field: ShowField): Html {
  return html`<fieldset>
<legend>Experiment</legend>
<div class="pair">
${field({
  id: 'key',
  label: 'Key',
  hint: 'Your code passes it to assign(key).',
  input: (attributes) => html`<input name="key" value="${key}" required${VERBATIM}${attributes}>`,
})}
${field({
  id: 'name',
  label: 'Name',
  hint: 'A readable name. Defaults to the key.',
  input: (attributes) => html`<input name="name" value="${name}" autocomplete="off"${attributes}>`,
})}
</div>
${field({
  id: 'type',
  label: 'Type',
  input: (attributes) => html`<select name="type"${attributes}>${optionsOf(TYPES, type)}</select>`,
})}
</fieldset>`;
}

function variants(typed: TypedExperiment, field: ShowField, added: AddedRow, errors: readonly FormError[]): Html {
  return html`<fieldset>
<legend>Variants</legend>
<p class="hint">Weights in percent. Variants without a weight share the rest equally.</p>
${errors.filter(({ field: at }) => at === 'variants').map(({ reason }) => html`<p class="error">${reason}</p>`)}
${typed.variants.map(({ name, weight }, place) => {
  const focus = focusOf(added === 'variant', place, typed.variants);
  return html`<div class="variant">
${field({
  id: `variants.${place}.name`,
  label: `Variant ${place + 1}`,
  input: (attributes) => html`<input name="variant" value="${name}" autocomplete="off"${attributes}${focus}>`,
})}
${field({
  id: `variants.${place}.weight`,
  label: 'Weight',
  input: (attributes) => html`<input name="weight" value="${weight}" inputmode="decimal"${VERBATIM}${attributes}>`,
})}
<label class="choice"><input type="radio" name="control" value="${place}"${place === typed.control && html` checked`}>
Control</label>
</div>`;
})}
<p><button name="add" value="variant" formnovalidate>Add a variant</button></p>
</fieldset>`;
}

function metrics({ primary, secondary }: TypedExperiment, field: ShowField): Html {
  return html`<fieldset>
<legend>Metrics</legend>
${field({
  id: 'primary',
  label: 'Goal',
  hint: 'The event that converts a session, spelled exactly as it is sent. Required to start.',
  input: (attributes) => html`<input name="primary" value="${primary}"${VERBATIM}${attributes}>`,
})}
${field({
  id: 'secondary',
  label: 'Secondary events',
  hint: 'Counted in addition to the goal. One name per line.',
  input: (attributes) => textarea('secondary', secondary, attributes),
})}
</fieldset>`;
}

function audience(typed: TypedExperiment, field: ShowField, added: AddedRow): Html {
  return html`<fieldset>
<legend>Who takes part</legend>
<div class="pair">
${field({
  id: 'allocation',
  label: 'Traffic',
  hint: 'Percent of all visitors.',
  input: (attributes) =>
    html`<input name="allocation" value="${typed.allocation}" inputmode="decimal"${VERBATIM}${attributes}>`,
})}
${field({
  id: 'visitors',
  label: 'Visitors',
  input: (attributes) => html`<select name="visitors"${attributes}>${optionsOf(VISITORS, typed.visitors)}</select>`,
})}
</div>
${field({
  id: 'urls',
  label: 'Pages',
  hint: html`One address per line: <code>*</code> matches anything within a segment, <code>**</code> across segments.
Every page if empty.`,
  input: (attributes) => textarea('urls', typed.urls, attributes),
})}
${typed.rules.map(({ parameter, operator, value }, place) => {
  const focus = focusOf(added === 'rule', place, typed.rules);
  return html`<div class="rule">
${field({
  id: `query.${place}.parameter`,
  label: 'Query parameter',
  input: (attributes) => html`<input name="parameter" value="${parameter}"${VERBATIM}${attributes}${focus}>`,
})}
${field({
  id: `query.${place}.operator`,
  label: 'Condition',
  input: (attributes) => html`<select name="operator"${attributes}>${optionsOf(OPERATORS, operator)}</select>`,
})}
${field({
  id: `query.${place}.value`,
  label: 'Value',
  input: (attributes) => html`<input name="value" value="${value}"${VERBATIM}${attributes}>`,
})}
</div>`;
})}
<p><button name="add" value="rule" formnovalidate>Add a condition</button></p>
</fieldset>`;
}

/** Browsers drop the line break after the tag, so a text that begins with one keeps it. */
function textarea(name: string, text: string, attributes: Html): Html {
  return html`<textarea name="${name}" rows="2"${VERBATIM}${attributes}>
${text}</textarea>`;
}

function focusOf(isAdded: boolean, place: number, rows: readonly unknown[]): Content {
  return isAdded && place === rows.length - 1 && html` autofocus`;
}
