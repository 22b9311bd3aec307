import type { IncomingMessage } from 'node:http';

// Reading on after the refusal lets an honest sender finish and see it; beyond this a sender is cut off.
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/** What came of reading a request. */
export type Body =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'tooLarge' }
  /** The sender left before its request was complete. */
  | { readonly kind: 'aborted' };

/** Reads a request as JSON without ever holding more than `maxBytes` and one chunk of it; never rejects. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
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
    request.on('end', () => resolve(parse(Buffer.concat(chunks).toString('utf8'))));
    request.on('error', () => resolve({ kind: 'aborted' }));
    request.on('close', () => resolve({ kind: 'aborted' }));
  });
}

function parse(text: string): Body {
  try {
    return { kind: 'json', value: JSON.parse(text) };
  } catch {
    return { kind: 'malformed' };
  }
}
