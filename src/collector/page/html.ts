/** Markup with all values escaped. The class is private, so only {@link html} can create it. */
class Markup {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

export type Html = Markup;

/** A value in markup: strings are escaped, lists are joined, `undefined` and `false` are dropped. */
export type Content = Html | string | number | false | undefined | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// Control characters, lone surrogates, and bidirectional controls, which can make a string look like another. Tabs and line
// breaks are kept.
const UNPRINTABLE = /(?![\t\n\r])[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069]/gu;

/**
 * Builds markup from a template and escapes its values. Attributes must be quoted.
 *
 * @example html`<a href="${path}">${name}</a>`
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Markup(strings.reduce((text, part, i) => text + render(values[i - 1]) + part));
}

function render(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Markup) return content.toString();
  if (Array.isArray(content)) return content.map(render).join('');
  return String(content)
    .replace(UNPRINTABLE, '\uFFFD')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
