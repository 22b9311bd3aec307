import type { QueryRule, Targeting } from './experiment.js';
import { compilePattern, type Pattern } from './pattern.js';

/** The page a visitor is on, as far as it is known. */
export interface Page {
  /** An address or a path. */
  readonly url?: string;
  /** Its query, with or without the `?`. @default the one in `url` */
  readonly search?: string;
}

/**
 * Tells whether a page is one the experiment is for: one of its globs and all of its query rules must fit.
 *
 * [A] Without globs and rules that is every page, and with any of them an unknown page is none.
 */
export function isTargeted({ urls, query }: Pick<Targeting, 'urls' | 'query'>, page: Page = {}): boolean {
  return (urls.length === 0 || isOneOf(urls, page.url)) && (query.length === 0 || doAllHold(query, page));
}

/** A glob that starts with `/` is held against the path, any other against the whole address; [A] never against the query. */
function isOneOf(globs: readonly string[], url: string | undefined): boolean {
  if (url === undefined) return false;
  const address = url.replace(/[?#].*$/s, '');
  const path = address.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '') || '/';
  return globs.some((glob) => compileGlob(glob)(glob.startsWith('/') ? path : address));
}

/** `*` stands for anything within a path segment, `**` for anything at all. */
function compileGlob(glob: string): Pattern {
  const source = glob.replace(/\*+|[.+?^${}()|[\]\\]/g, (token) => {
    if (!token.startsWith('*')) return `\\${token}`;
    return token.length > 1 ? '[^]*' : '[^/]*';
  });
  return compilePattern(`^${source}$`);
}

function doAllHold(rules: readonly QueryRule[], { url, search }: Page): boolean {
  if (url === undefined && search === undefined) return false;
  const query = new URLSearchParams(search || queryOf(url ?? ''));
  return rules.every((rule) => holds(rule, query.getAll(rule.parameter).slice(0, MAX_VALUES)));
}

function queryOf(url: string): string {
  const [address = ''] = url.split('#', 1);
  const mark = address.indexOf('?');
  return mark === -1 ? '' : address.slice(mark);
}

// More than a handful is nobody's link, and each is matched against patterns that may take their time.
const MAX_VALUES = 5;

/** [A] Of a parameter that stands there several times any one may fit; one that is missing equals nothing. */
function holds({ operator, value = '' }: QueryRule, found: readonly string[]): boolean {
  switch (operator) {
    case 'equals':
      return found.includes(value);
    case 'not_equals':
      return !found.includes(value);
    case 'contains':
      return found.some((text) => text.includes(value));
    case 'exists':
      return found.length > 0;
    case 'not_exists':
      return found.length === 0;
    case 'regex':
      return found.some(compilePattern(value));
  }
}
