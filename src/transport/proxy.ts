import { failOption } from '../core/check-option.js';
import { decodeComponent } from '../core/decode-component.js';
import { isLoopback } from '../protocol/loopback.js';

type Env = Readonly<Record<string, string | undefined>>;

/** A proxy that the environment names. */
export interface HttpProxy {
  readonly url: string;
  /** The header for its credentials: never for a message. */
  readonly authorization?: string | undefined;
  /** Host and port, and nothing secret. */
  readonly host: string;
  /** The variable that names it. */
  readonly variable: string;
}

/** How requests to an address leave this machine, and why without a proxy although the environment names one. */
export type Route =
  | { readonly proxy: HttpProxy; readonly exempt?: undefined }
  | { readonly proxy?: undefined; readonly exempt?: 'this machine' | 'NO_PROXY' | undefined };

/**
 * Finds the proxy for an address as curl does: the variable of its scheme, then `ALL_PROXY`; names in lower case first. As in undici,
 * https goes through `HTTP_PROXY` where there is no other. This machine is never reached through a proxy, nor what `NO_PROXY` lists.
 *
 * @throws {OursError} `invalid_option` where the address would need a proxy and its variable names none. The value may hold a
 * password and is not repeated.
 */
export function routeTo(baseUrl: string, env: Env): Route {
  const { protocol, host, port } = new URL(baseUrl);
  const hostname = hostnameOf(host);
  const names = protocol === 'https:' ? ['https_proxy', 'all_proxy', 'http_proxy'] : ['http_proxy', 'all_proxy'];
  const found = names.map((name) => lookUp(env, name)).find((variable) => variable !== undefined);
  if (found === undefined) return {};
  if (isThisMachine(hostname)) return { exempt: 'this machine' };
  const exceptions = lookUp(env, 'no_proxy')?.text ?? '';
  const target = { hostname, port: port || (protocol === 'https:' ? '443' : '80') };
  if (exceptions.split(/[\s,]+/).some((entry) => isException(entry, target))) return { exempt: 'NO_PROXY' };
  return { proxy: readProxy(found) };
}

/** `via the proxy proxy.example:3128 of HTTPS_PROXY` */
export function describeProxy({ host, variable }: HttpProxy): string {
  return `the proxy ${host} of ${variable}`;
}

interface Variable {
  readonly name: string;
  readonly text: string;
}

/** An empty variable counts as none. */
function lookUp(env: Env, lowerCase: string): Variable | undefined {
  for (const name of [lowerCase, lowerCase.toUpperCase()]) {
    const text = env[name]?.trim();
    if (text) return { name, text };
  }
  return undefined;
}

function isThisMachine(hostname: string): boolean {
  return isLoopback(hostname) || hostname.endsWith('.localhost') || hostname === '0.0.0.0' || hostname === '[::]';
}

/** `*`, a name with all names below it, or an address; any of them with a port. */
function isException(entry: string, target: { readonly hostname: string; readonly port: string }): boolean {
  if (entry === '*') return true;
  const [, name = '', port] = /^(?:\*?\.)?(.+?)(?::(\d+))?$/.exec(bracketed(entry.toLowerCase())) ?? [];
  if (name === '' || (port !== undefined && port !== target.port)) return false;
  const hostname = hostnameOf(name);
  return target.hostname === hostname || target.hostname.endsWith(`.${hostname}`);
}

/** A name or address has several spellings. This is the URL's, without the dot that may end a name. */
function hostnameOf(host: string): string {
  const url = `http://${host}`;
  return (URL.canParse(url) ? new URL(url).hostname : host).replace(/\.$/, '');
}

/** IPv6 as URLs write it. */
function bracketed(entry: string): string {
  return /^[\da-f]*:[\da-f]*:[\da-f:.]*$/.test(entry) ? `[${entry}]` : entry;
}

function readProxy({ name, text }: Variable): HttpProxy {
  // Without a scheme it is http, as with curl.
  const url = text.includes('://') ? text : `http://${text}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isProxy =
    parsed !== undefined && /^https?:$/.test(parsed.protocol) && parsed.pathname === '/' && !parsed.search;
  if (!isProxy || (!text.includes('://') && parsed.port === '')) {
    const got = parsed === undefined || /^https?:$/.test(parsed.protocol) ? '' : ` got a ${parsed.protocol} address;`;
    failOption(
      `${name} must be the address of an HTTP proxy such as http://proxy.example:3128;${got} correct it, remove it, or list the service in NO_PROXY.`,
    );
  }
  const { origin, host, username, password } = parsed;
  if (username === '' && password === '') return { url: origin, host, variable: name };
  const credentials = [username, password].map(decodeComponent);
  if (credentials.includes(undefined)) {
    failOption(
      `${name} holds a name or password with a % that is no escape: write %25 for a %, %40 for an @ and %3A for a colon.`,
    );
  }
  const basic = Buffer.from(credentials.join(':')).toString('base64');
  return { url: origin, authorization: `Basic ${basic}`, host, variable: name };
}
