import { absoluteUrl, type RequestFacts } from './request-facts.js';

type Values = Readonly<Record<string, string | undefined>>;
type MultiValues = Readonly<Record<string, readonly string[] | undefined>>;

/** What API Gateway (payload 1.0 and 2.0) and function URLs say of a request; other events have none of it. */
interface HttpEvent {
  readonly headers?: Values | null;
  readonly multiValueHeaders?: MultiValues | null;
  readonly cookies?: readonly string[] | null;
  readonly rawPath?: string;
  readonly rawQueryString?: string;
  readonly queryStringParameters?: Values | null;
  readonly multiValueQueryStringParameters?: MultiValues | null;
  readonly requestContext?: {
    readonly domainName?: string;
    /** Payload 1.0: with the stage, as the browser has asked for it. */
    readonly path?: string;
    readonly identity?: { readonly sourceIp?: string };
    readonly http?: { readonly sourceIp?: string };
  };
}

/** Reads a request out of the event that stands for it. */
export function lambdaFacts(event: unknown): RequestFacts {
  const http = (event ?? {}) as HttpEvent;
  const { requestContext: context, rawPath, rawQueryString } = http;
  const headers = headersOf(http);
  const path = rawPath ?? context?.path;
  const query = rawQueryString ?? queryOf(http);
  const peerIp = context?.http?.sourceIp ?? context?.identity?.sourceIp;
  return {
    // Both are reached by https only.
    url: absoluteUrl('https', headers.get('host') ?? context?.domainName, query ? `${path}?${query}` : path),
    peerIp: () => peerIp,
    header: (name) =>
      name === 'x-forwarded-for' ? withoutPeer(headers.get(name), peerIp) : (headers.get(name) ?? undefined),
  };
}

/** Names come in the browser's own case with payload 1.0, several values apart; cookies come apart with 2.0. */
function headersOf({ headers, multiValueHeaders, cookies }: HttpEvent): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(headers ?? {}))
    if (value !== undefined) found.set(name.toLowerCase(), value);
  for (const [name, values = []] of Object.entries(multiValueHeaders ?? {})) {
    const key = name.toLowerCase();
    found.set(key, values.join(key === 'cookie' ? '; ' : ', '));
  }
  if (cookies) found.set('cookie', cookies.join('; '));
  return found;
}

function queryOf({ multiValueQueryStringParameters, queryStringParameters }: HttpEvent): string {
  const pairs = multiValueQueryStringParameters
    ? Object.entries(multiValueQueryStringParameters).flatMap(([name, values = []]) =>
        values.map((value) => [name, value] as [string, string]),
      )
    : Object.entries(queryStringParameters ?? {}).map(([name, value = '']) => [name, value] as [string, string]);
  return new URLSearchParams(pairs).toString();
}

/** The gateway adds to the list whom it names as the source: one hop, not two. */
function withoutPeer(list: string | undefined, peerIp: string | undefined): string | undefined {
  const entries = list?.split(',') ?? [];
  if (peerIp !== undefined && entries.at(-1)?.trim() === peerIp) entries.pop();
  return entries.length > 0 ? entries.join(',') : undefined;
}
