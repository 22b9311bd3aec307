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
 * A caller that names no address has chosen its pages itself, so globs do not apply, and query rules only to a `search`.
 */
export function isTargeted({ urls, query }: Pick<Targeting, 'urls' | 'query'>, page: Page = {}): boolean {
  const isOnPage = urls.length === 0 || page.url === undefined || isOneOf(urls, page.url);
  return isOnPage && (query.length === 0 || doAllHold(query, page));
}

// The host of an address, and the path that follows it.
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** [A] A glob is never held against the query. */
function isOneOf(globs: readonly string[], url: string): boolean {
  const address = url.replace(/[?#].*$/s, '');
  const isAbsolute = SCHEME.test(address);
  const [host = '', ...segments] = isAbsolute ? address.replace(SCHEME, '').split('/') : [''];
  const path = isAbsolute ? `/${segments.join('/')}` : address || '/';
  return globs.some((glob) => compileGlob(normalise(glob))(textFor(glob, { address, host, path })));
}

/**
 * What a glob is held against: the path where it starts with `/`, the whole address where it has a scheme, otherwise host
 * and path.
 * [A] Host names are compared in lower case, and a host alone is its home page.
 */
function textFor(
  glob: string,
  page: { readonly address: string; readonly host: string; readonly path: string },
): string {
  if (glob.startsWith('/')) return page.path;
  if (glob.includes('://')) return page.address;
  const path = page.path === '/' && !glob.includes('/') ? '' : page.path;
  return page.host.toLowerCase() + path;
}

function normalise(glob: string): string {
  return glob.includes('://') ? glob : glob.replace(/^[^/]+/, (host) => host.toLowerCase());
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
  if (url === undefined && search === undefined) return true;
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

function equals(found: readonly string[], value: string): boolean {
  return found.some((text) => text.toLowerCase() === value.toLowerCase());
}

/** [A] Of a parameter that stands there several times any one may fit; one that is missing equals nothing. */
function holds({ operator, value = '' }: QueryRule, found: readonly string[]): boolean {
  switch (operator) {
    case 'equals':
      return equals(found, value);
    case 'not_equals':
      return !equals(found, value);
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
