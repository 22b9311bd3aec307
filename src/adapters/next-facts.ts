import { absoluteUrl, type RequestFacts } from './request-facts.js';

/** What is needed of headers. */
export interface NextHeaders {
  get(name: string): string | null;
}

/** What is asked in Next.js: a request, or in components and actions its headers alone. */
export interface NextAsked {
  readonly headers: NextHeaders;
  readonly url?: string | undefined;
}

/** Reads what Next.js says of a request. */
export function nextFacts({ url, headers }: NextAsked): RequestFacts {
  return { url: publicUrl(url, headers), header: (name) => headerOf(headers, name, url) };
}

/**
 * A component may be rendered for a fetch: a navigation without a new document, whose `Referer` is the page that is left. Only
 * an action is called by the page it is about.
 */
function headerOf(headers: NextHeaders, name: string, url: string | undefined): string | null {
  const isComponent = url === undefined && headers.get('next-action') === null;
  return name === 'sec-fetch-dest' && isComponent ? null : headers.get(name);
}

/** Next.js puts the server's own name into a request's address; the browser's is in `Host`. */
function publicUrl(url: string | undefined, headers: NextHeaders): string | undefined {
  if (url === undefined) return undefined;
  const { protocol, host, pathname, search } = new URL(url);
  return absoluteUrl(protocol.slice(0, -1), headers.get('host') ?? host, pathname + search);
}
