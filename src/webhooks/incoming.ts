import { toBytes } from '../protocol/bytes.js';

/** A webhook as any server receives it. */
export interface RawWebhook {
  /** The unparsed body, as a string or bytes: the signature covers every byte. */
  readonly body: unknown;
  /** Load balancers of AWS and API Gateway pass none if there are none. */
  readonly headers: HeadersLike | null | undefined;
}

/** A `Headers`, or a plain object as in Node, API Gateway and most frameworks. */
export type HeadersLike =
  | { readonly forEach: (visit: (value: string, name: string) => void) => void }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A webhook whose signature can be verified. */
export interface IncomingWebhook {
  /** The raw body as a string. */
  readonly body: string;
  /** The raw body as received, which is what signatures cover. */
  readonly bytes: Uint8Array;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** `undefined` if the body is not raw, or there is no webhook. */
export function toIncoming(webhook: RawWebhook | undefined): IncomingWebhook | undefined {
  if (!webhook) return undefined;
  const { body, headers } = webhook;
  if (typeof body === 'string') return { body, bytes: toBytes(body), headers: toRecord(headers) };
  if (!(body instanceof Uint8Array)) return undefined;
  // The signature covers a byte order mark, too.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
  return { body: text, bytes: body, headers: toRecord(headers) };
}

/** For the log. */
export const HOW_TO_GET_RAW_BODIES: string = [
  "Express: express.raw({ type: 'application/json', limit: '1mb' }) on this route, before any express.json()",
  "Fastify: in the route's own plugin addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => done(null, body))",
  'Next.js, Hono, Workers: pass the Request itself, unread',
  "Lambda: Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8')",
].join('; ');

function toRecord(headers: RawWebhook['headers']): Record<string, string> {
  const record: Record<string, string> = {};
  const add = (value: unknown, name: unknown): void => {
    // A list of pairs, which is neither kind of headers, has numbers.
    if (typeof name !== 'string') return;
    if (typeof value === 'string') record[name.toLowerCase()] = value;
    else if (Array.isArray(value)) record[name.toLowerCase()] = value.join(', ');
  };
  if (typeof headers?.forEach === 'function') headers.forEach(add);
  else for (const [name, value] of Object.entries(headers ?? {})) add(value, name);
  return record;
}
