import { absoluteUrl, type RequestFacts } from './request-facts.js';

/** The part of `Headers` that the adapter uses. */
export interface NextHeaders {
  get(name: string): string | null;
}

/** A request in Next.js; in components and actions, only its headers. */
export interface NextAsked {
  readonly headers: NextHeaders;
  readonly url?: string | undefined;
}

export function nextFacts({ url, headers }: NextAsked): RequestFacts {
  return { url: publicUrl(url, headers), header: (name) => headerOf(headers, name, url) };
}

/**
 * A component may render for a fetch: a navigation without a new document, whose `Referer` is the page that the visitor leaves.
 * Only an action is called by the page it belongs to.
 */
function headerOf(headers: NextHeaders, name: string, url: string | undefined): string | null {
  const isComponent = url === undefined && headers.get('next-action') === null;
  return name === 'sec-fetch-dest' && isComponent ? null : headers.get(name);
}

/** Next.js puts the server's own name into a request's address; `Host` has the public one. */
function publicUrl(url: string | undefined, headers: NextHeaders): string | undefined {
  if (url === undefined) return undefined;
  const { protocol, host, pathname, search } = new URL(url);
  return absoluteUrl(protocol.slice(0, -1), headers.get('host') ?? host, pathname + search);
}
