import type { FormError } from './form-error.js';
import { type Content, type Html, html } from './html.js';

/** One labelled field; `input` is given the attributes that tie it to its label, its hint and its error. */
export interface Field {
  /** The path of the value in what is posted, by which errors name it. */
  readonly id: string;
  readonly label: string;
  readonly hint?: Content;
  readonly input: (attributes: Html) => Html;
}

/** Shows fields with each error beside the one it names; typing begins in the first of them. */
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

/** The options of a `select`: values and what they are called. */
export function optionsOf(known: Readonly<Record<string, string>>, chosen: string): Html[] {
  return Object.entries(known).map(([value, label]) => {
    return html`<option value="${value}"${value === chosen && html` selected`}>${label}</option>`;
  });
}
