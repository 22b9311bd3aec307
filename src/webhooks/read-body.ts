/** What README has `express.raw` take. No provider's event comes near it, and who sends more has not shown a signature yet. */
const MAX_BODY_BYTES = 1024 * 1024;

/** The raw body of a request, as far as it can be had. */
export type RawBody = { readonly bytes: Uint8Array } | 'too large' | 'gone';

/** Reads the body as bytes, because text() would leave out a byte order mark. Gone: somebody has read it, or the sender left. */
export async function readBody({ body, bodyUsed }: Request): Promise<RawBody> {
  if (bodyUsed) return 'gone';
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const reader = body?.getReader();
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      length += part.value.length;
      if (length > MAX_BODY_BYTES) {
        await reader?.cancel();
        return 'too large';
      }
      chunks.push(part.value);
    }
  } catch {
    return 'gone';
  }
  return { bytes: concat(chunks, length) };
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
