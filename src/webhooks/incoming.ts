import { toBytes } from '../protocol/bytes.js';

/** A webhook as it came, whatever server received it. */
export interface RawWebhook {
  /** The body before any parser touched it, as text or bytes: signatures cover it byte by byte. */
  readonly body: unknown;
  readonly headers: HeadersLike;
}

/** A `Headers`, or the plain object that Node, API Gateway and most frameworks make of them. */
export type HeadersLike =
  | { readonly forEach: (visit: (value: string, name: string) => void) => void }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A webhook whose signature can be checked. */
export interface IncomingWebhook {
  /** The raw body as text. */
  readonly body: string;
  /** The raw body as it came, which is what signatures cover. */
  readonly bytes: Uint8Array;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The webhook as text, or `undefined` when its body is not raw any more. */
export function toIncoming({ body, headers }: RawWebhook): IncomingWebhook | undefined {
  if (typeof body === 'string') return { body, bytes: toBytes(body), headers: toRecord(headers) };
  if (!(body instanceof Uint8Array)) return undefined;
  // A byte order mark is signed as well.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
  return { body: text, bytes: body, headers: toRecord(headers) };
}

/** What to do about a body that is not raw any more, for the person who reads the log. */
export const HOW_TO_GET_RAW_BODIES: string = [
  "Express: express.raw({ type: 'application/json', limit: '1mb' }) on this route, before any express.json()",
  "Fastify: in the route's own plugin addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => done(null, body))",
  'Next.js, Hono, Workers: pass the Request itself, unread',
  "Lambda: Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8')",
].join('; ');

function toRecord(headers: HeadersLike): Record<string, string> {
  const record: Record<string, string> = {};
  const add = (value: unknown, name: string): void => {
    if (typeof value === 'string') record[name.toLowerCase()] = value;
    else if (Array.isArray(value)) record[name.toLowerCase()] = value.join(', ');
  };
  if (typeof headers?.forEach === 'function') headers.forEach(add);
  // API Gateway writes null where there are none.
  else for (const [name, value] of Object.entries(headers ?? {})) add(value, name);
  return record;
}
