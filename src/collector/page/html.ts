/** Markup with every value in it escaped. The class stays here: nothing but {@link html} can make one. */
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

/** What may stand in markup: text is escaped, lists are joined, `undefined` and `false` are nothing. */
export type Content = Html | string | number | false | undefined | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// Control characters do nothing good in a page, halves of a character are none, and those that turn the direction of
// writing make a text look like another. Tabs and line ends may stay.
const UNPRINTABLE = /(?![\t\n\r])[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069]/gu;

/**
 * Builds markup from a template whose values cannot become markup themselves. Attributes must be quoted.
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
