/** What a visitor is read from: a request, independent of the framework. */
export interface RequestFacts {
  /** The request's absolute address, as far as this server knows it. */
  readonly url?: string | undefined;
  /** What the request asks for, `/path?query`: most visitors are read without the rest of the address. @default `url` */
  readonly target?: string | undefined;
  /** The address at the other end of the connection: the visitor, or the nearest proxy. May be called after the connection is closed. */
  peerIp?(): string | undefined;
  /** A header by its lower-case name. Several values are joined by `, ` (cookies by `; `). */
  header(name: string): string | null | undefined;
}

/** Headers as Node's `http` provides them: lower-case names, joined except for `set-cookie`. */
export type NodeHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What Express's and Fastify's requests have in common. */
export interface NodeRequest {
  readonly headers: NodeHeaders;
  readonly originalUrl: string;
  readonly protocol: string;
  readonly ip?: string | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/**
 * The facts of a request of Express, Fastify or Koa. What their getters compute is read when it is first needed: it costs more than
 * the identity itself.
 *
 * @param trustsProxy whether our `trustProxy` is set; otherwise the framework's own setting determines the address
 */
export class NodeFacts<Request extends NodeRequest> implements RequestFacts {
  readonly target: string;
  readonly #request: Request;
  readonly #headers: NodeHeaders;
  readonly #hostOf: (request: Request) => string | undefined;
  readonly #socketIp: string | undefined;
  readonly #trustsProxy: boolean;

  constructor(request: Request, hostOf: (request: Request) => string | undefined, trustsProxy: boolean) {
    this.target = request.originalUrl;
    this.#request = request;
    this.#headers = request.headers;
    this.#hostOf = hostOf;
    // Read now: a closed socket no longer knows the address unless it was read before.
    this.#socketIp = request.socket.remoteAddress;
    this.#trustsProxy = trustsProxy;
  }

  get url(): string | undefined {
    return absoluteUrl(this.#request.protocol, this.#hostOf(this.#request), this.target);
  }

  peerIp(): string | undefined {
    return this.#trustsProxy ? this.#socketIp : this.#request.ip;
  }

  header(name: string): string | undefined {
    return nodeHeader(this.#headers, name);
  }
}

export function nodeHeader(headers: NodeHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

/** The absolute address of a request, from the scheme, `Host` and `/path?query`. */
export function absoluteUrl(
  scheme: string,
  host: string | null | undefined,
  path: string | undefined,
): string | undefined {
  // `OPTIONS *` and requests to a proxy have no path.
  return host && path?.startsWith('/') ? `${scheme}://${host}${path}` : undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what it looks for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

/**
 * A string from a request that can be an id, a name or an address: not empty, at most `maxLength` UTF-16 code units, no control
 * characters. Anything else is `undefined`: if it were truncated or cleaned, it could identify a different visitor.
 */
export function plainText(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > maxLength) return undefined;
  return CONTROL_CHARACTERS.test(value) ? undefined : value;
}
