import type { QueryRule, Targeting } from './experiment.js';
import { compilePattern, type Pattern } from './pattern.js';

/** The visitor's page, if it is known. */
export interface Page {
  /** A URL or a path. */
  readonly url?: string;
  /** Its query, with or without the `?`. @default the one in `url` */
  readonly search?: string;
}

/**
 * Returns whether an experiment targets a page: one of its globs and all of its query rules must match.
 *
 * A caller without a URL has chosen its pages itself, so globs do not apply, and query rules apply only to a given `search`.
 */
export function isTargeted({ urls, query }: Pick<Targeting, 'urls' | 'query'>, page: Page = {}): boolean {
  const isOnPage = urls.length === 0 || page.url === undefined || isOneOf(urls, page.url);
  return isOnPage && (query.length === 0 || doAllHold(query, page));
}

// The scheme of a URL.
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** [A] Globs do not match the query. */
function isOneOf(globs: readonly string[], url: string): boolean {
  const address = url.replace(/[?#].*$/s, '');
  const scheme = SCHEME.exec(address)?.[0];
  const [host = '', ...segments] = scheme === undefined ? [''] : address.slice(scheme.length).split('/');
  const path = scheme === undefined ? address || '/' : `/${segments.join('/')}`;
  const page = { origin: `${scheme ?? ''}${host}`.toLowerCase(), host: host.toLowerCase(), path };
  return globs.some((glob) => compileGlob(normalise(glob))(textFor(glob, page)));
}

/**
 * The string that a glob must match: the path if it starts with `/`, the whole URL if it has a scheme, otherwise host and path.
 * [A] Schemes and host names are compared in lower case, and a host alone matches its home page.
 */
function textFor(
  glob: string,
  { origin, host, path }: { readonly origin: string; readonly host: string; readonly path: string },
): string {
  if (glob.startsWith('/')) return path;
  const [scheme = ''] = /^.*?:\/\//.exec(glob) ?? [];
  const isHostAlone = !glob.slice(scheme.length).includes('/');
  return (scheme === '' ? host : origin) + (path === '/' && isHostAlone ? '' : path);
}

function normalise(glob: string): string {
  return glob.replace(/^(?:[^/]*:\/\/)?[^/]+/, (origin) => origin.toLowerCase());
}

/** `*` matches anything within a path segment, `**` anything. */
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

// Real links repeat a parameter rarely, and matching each value may be slow.
const MAX_VALUES = 5;

function equals(found: readonly string[], value: string): boolean {
  return found.some((text) => text.toLowerCase() === value.toLowerCase());
}

/** [A] One value of a repeated parameter is enough. A missing parameter equals nothing. */
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
