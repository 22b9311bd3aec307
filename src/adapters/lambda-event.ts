import { splitHops } from './front-end.js';
import { absoluteUrl, type RequestFacts } from './request-facts.js';

type Values = Readonly<Record<string, string | null | undefined>>;
type MultiValues = Readonly<Record<string, readonly (string | null)[] | null | undefined>>;

/** The request fields of API Gateway (payload 1.0 and 2.0), function URLs and load balancers. Other events have none of them. */
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
    /** Payload 1.0: with the stage, as the browser requested it. */
    readonly path?: string;
    readonly identity?: { readonly sourceIp?: string };
    readonly http?: { readonly sourceIp?: string };
    /** Only from a load balancer. */
    readonly elb?: object;
  };
}

export function lambdaFacts(event: unknown): RequestFacts {
  const http = (event ?? {}) as HttpEvent;
  const { requestContext: context } = http;
  const headers = headersOf(http);
  const path = http.rawPath ?? context?.path ?? http.path;
  const query = http.rawQueryString ?? queryOf(http);
  const peerIp =
    context?.http?.sourceIp ??
    context?.identity?.sourceIp ??
    (context?.elb && splitHops(headers.get('x-forwarded-for')).last);
  // The others accept https only.
  const scheme = context?.elb ? headers.get('x-forwarded-proto') : 'https';
  return {
    url: absoluteUrl(scheme ?? 'http', headers.get('host') ?? context?.domainName, query ? `${path}?${query}` : path),
    peerIp: () => peerIp,
    header: (name) =>
      name === 'x-forwarded-for' ? withoutPeer(headers.get(name), peerIp) : (headers.get(name) ?? undefined),
  };
}

/** Payload 1.0 keeps the browser's case and lists several values separately; 2.0 lists the cookies separately. */
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
  // A load balancer does not decode.
  return requestContext?.elb ? pairs.map((pair) => pair.join('=')).join('&') : new URLSearchParams(pairs).toString();
}

/** The gateway also appends the source address to the list; it must count as one hop, not two. */
function withoutPeer(list: string | undefined, peerIp: string | undefined): string | undefined {
  const { last, before } = splitHops(list);
  return peerIp !== undefined && last === peerIp ? before : list;
}
