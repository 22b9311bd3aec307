import { onAbort } from '../core/timers.js';

/** The limit that docs/payments.md gives `express.raw`. No provider's event comes near it, and a sender of more has not shown a signature yet. */
const MAX_BODY_BYTES = 1024 * 1024;

/** The raw body of a request, as far as there is one. Gone: something has read it, or the sender left. */
export type RawBody = { readonly bytes: Uint8Array } | 'too large' | 'gone' | 'late';

/** Reads the body as bytes, because text() would leave out a byte order mark, for as long as the signal allows. */
export async function readBody({ body, bodyUsed }: Request, signal: AbortSignal): Promise<RawBody> {
  if (bodyUsed || body?.locked) return 'gone';
  const reader = body?.getReader();
  // A sender that stalls is not waited for; a cancelled reader ends the read under way.
  const cancel = (): void => void reader?.cancel().catch(() => undefined);
  const forget = onAbort(signal, cancel);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      length += part.value.length;
      if (length > MAX_BODY_BYTES) {
        cancel();
        return 'too large';
      }
      chunks.push(part.value);
    }
  } catch {
    return signal.aborted ? 'late' : 'gone';
  } finally {
    forget();
  }
  return signal.aborted ? 'late' : { bytes: concat(chunks, length) };
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
