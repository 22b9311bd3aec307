import { type Content, type Html, html } from './html.js';

/** A problem in a form, and where it is. */
export interface FormError {
  /** The id of the wrong field, if the message names one. */
  readonly field: string | undefined;
  readonly message: string;
  /** The message without the name of the field, to show next to it. */
  readonly reason: string;
}

// A message begins with the path of the wrong value. Some fields of the form hold several values.
const FIELDS: readonly RegExp[] = [
  /^(?:key|name|type|primary|secondary|allocation|urls|visitors)\b/,
  /^variants\.\d+\.(?:name|weight)/,
  /^query\.\d+\.(?:parameter|operator|value)/,
  /^variants/,
];

/** Finds the field that a message is about. */
export function locateError(message: string): FormError {
  const [, path = '', reason = message] = /^(?:experiment )?([\w.]+): (.*)$/s.exec(message) ?? [];
  const field = FIELDS.map((pattern) => pattern.exec(path)?.[0]).find((found) => found !== undefined);
  return { field, message, reason: field === undefined ? message : reason };
}

/** One labelled field. `input` receives the attributes that connect it to its label, hint and error. */
export interface Field {
  /** The path of the value in an experiment's design, as error messages name it. */
  readonly id: string;
  readonly label: string;
  readonly hint?: Content;
  readonly input: (attributes: Html) => Html;
}

/** Shows fields with their errors. The first field with an error gets the focus. */
export function fieldsOf(errors: readonly FormError[]): (field: Field) => Html {
  const first = errors.find(({ field }) => field !== undefined)?.field;
  return ({ id, label, hint, input }) => {
    const reasons = errors.filter(({ field }) => field === id).map(({ reason }) => reason);
    const isWrong = reasons.length > 0;
    const describedBy = [...(hint === undefined ? [] : [`${id}-hint`]), ...(isWrong ? [`${id}-error`] : [])];
    const attributes = html` id="${id}"
${describedBy.length > 0 && html` aria-describedby="${describedBy.join(' ')}"`}
${isWrong && html` aria-invalid="true"`}${id === first && html` autofocus`}`;
    return html`<div class="field"><label for="${id}">${label}</label>
${input(attributes)}
${hint !== undefined && html`<p class="hint" id="${id}-hint">${hint}</p>`}
${isWrong && html`<p class="error" id="${id}-error">${reasons.join('; ')}</p>`}
</div>`;
  };
}

/** The options of a `select`, by value and label. */
export function optionsOf(known: Readonly<Record<string, string>>, chosen: string): Html[] {
  return Object.entries(known).map(([value, label]) => {
    return html`<option value="${value}"${value === chosen && html` selected`}>${label}</option>`;
  });
}
