import { absoluteUrl, type RequestFacts } from './request-facts.js';

type Values = Readonly<Record<string, string | null | undefined>>;
type MultiValues = Readonly<Record<string, readonly (string | null)[] | null | undefined>>;

/** What API Gateway (payload 1.0 and 2.0), function URLs and load balancers say of a request; other events have none of it. */
interface HttpEvent {
  readonly headers?: Values | null;
  readonly multiValueHeaders?: MultiValues | null;
  readonly cookies?: readonly string[] | null;
  readonly rawPath?: string;
  readonly path?: string;
  readonly rawQueryString?: string;
  readonly queryStringParameters?: Values | null;
  readonly multiValueQueryStringParameters?: MultiValues | null;
  readonly requestContext?: {
    readonly domainName?: string;
    /** Payload 1.0: with the stage, as the browser has asked for it. */
    readonly path?: string;
    readonly identity?: { readonly sourceIp?: string };
    readonly http?: { readonly sourceIp?: string };
    /** A load balancer. */
    readonly elb?: object;
  };
}

/** Reads a request out of the event that stands for it. */
export function lambdaFacts(event: unknown): RequestFacts {
  const http = (event ?? {}) as HttpEvent;
  const { requestContext: context } = http;
  const headers = headersOf(http);
  const path = http.rawPath ?? context?.path ?? http.path;
  const query = http.rawQueryString ?? queryOf(http);
  const peerIp = context?.http?.sourceIp ?? context?.identity?.sourceIp ?? (context?.elb && lastHop(headers));
  // The others are reached by https only.
  const scheme = context?.elb ? headers.get('x-forwarded-proto') : 'https';
  return {
    url: absoluteUrl(scheme ?? 'http', headers.get('host') ?? context?.domainName, query ? `${path}?${query}` : path),
    peerIp: () => peerIp,
    header: (name) =>
      name === 'x-forwarded-for' ? withoutPeer(headers.get(name), peerIp) : (headers.get(name) ?? undefined),
  };
}

/** Names come in the browser's own case with payload 1.0, several values apart; cookies come apart with 2.0. */
function headersOf({ headers, multiValueHeaders, cookies }: HttpEvent): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(headers ?? {})) if (value != null) found.set(name.toLowerCase(), value);
  for (const [name, values] of Object.entries(multiValueHeaders ?? {})) {
    const key = name.toLowerCase();
    if (values != null) found.set(key, values.join(key === 'cookie' ? '; ' : ', '));
  }
  if (cookies) found.set('cookie', cookies.join('; '));
  return found;
}

function queryOf({ multiValueQueryStringParameters, queryStringParameters, requestContext }: HttpEvent): string {
  const pairs = Object.entries(multiValueQueryStringParameters ?? queryStringParameters ?? {}).flatMap(
    ([name, values]) => [values].flat().map((value): [string, string] => [name, value ?? '']),
  );
  // A load balancer has decoded nothing.
  return requestContext?.elb ? pairs.map((pair) => pair.join('=')).join('&') : new URLSearchParams(pairs).toString();
}

/** Whom a load balancer has seen. It says so at the end of the list alone. */
function lastHop(headers: ReadonlyMap<string, string>): string | undefined {
  return headers.get('x-forwarded-for')?.split(',').at(-1)?.trim();
}

/** The gateway adds to the list whom it names as the source: one hop, not two. */
function withoutPeer(list: string | undefined, peerIp: string | undefined): string | undefined {
  const entries = list?.split(',') ?? [];
  if (peerIp !== undefined && entries.at(-1)?.trim() === peerIp) entries.pop();
  return entries.length > 0 ? entries.join(',') : undefined;
}
