import type { IncomingMessage } from 'node:http';
import type { Accepts } from './route.js';

// Reads on after a refusal, so that the sender can finish and see it. Beyond this, the connection is cut.
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/** The result of reading a request. */
export type Body =
  | { readonly kind: 'read'; readonly value: unknown }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'tooLarge' }
  /** The sender left before its request was complete. */
  | { readonly kind: 'aborted' };

/** Reads a request's body as its route accepts it. Holds at most `maxBytes` and one chunk. Never rejects. */
export function readBody(request: IncomingMessage, accepts: Accepts, maxBytes: number): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) resolve({ kind: 'tooLarge' });
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      resolve({ kind: 'tooLarge' });
      if (size > maxBytes + MAX_DISCARDED_BYTES) request.destroy();
    });
    request.on('end', () => resolve(parse(Buffer.concat(chunks).toString('utf8'), accepts)));
    request.on('error', () => resolve({ kind: 'aborted' }));
    request.on('close', () => resolve({ kind: 'aborted' }));
  });
}

function parse(text: string, accepts: Accepts): Body {
  if (accepts === 'nothing') return { kind: 'read', value: undefined };
  if (accepts === 'optional-json' && text === '') return { kind: 'read', value: undefined };
  if (accepts === 'form') return { kind: 'read', value: new URLSearchParams(text) };
  try {
    return { kind: 'read', value: JSON.parse(text) };
  } catch {
    return { kind: 'malformed' };
  }
}

const CONTENT_TYPES = {
  json: 'application/json',
  'optional-json': 'application/json',
  form: 'application/x-www-form-urlencoded',
} as const;

/** Returns what is wrong with a request's content type, `undefined` if it is acceptable. */
export function contentTypeProblem({ headers }: IncomingMessage, accepts: Accepts): string | undefined {
  if (accepts === 'nothing') return undefined;
  if (headers['content-encoding'] !== undefined) return 'expected no content-encoding';
  if (accepts === 'untyped-json') return undefined;
  const isEmpty = headers['content-length'] === '0' || headers['content-length'] === undefined;
  if (accepts === 'optional-json' && isEmpty && headers['content-type'] === undefined) return undefined;
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  const expected = CONTENT_TYPES[accepts];
  return type.trim().toLowerCase() === expected ? undefined : `expected content-type ${expected}`;
}
