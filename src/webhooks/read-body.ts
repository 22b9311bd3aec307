import { onAbort } from '../core/timers.js';

/** As README sets for `express.raw`. No provider's event is nearly as large, and the sender is not authenticated yet. */
const MAX_BODY_BYTES = 1024 * 1024;

/** The raw body of a request. `gone`: it was read before, or the sender disconnected. */
export type BodyResult =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' | 'gone' | 'timed_out' };

/** Reads the body until the signal aborts. As bytes, because `text()` drops a byte order mark. */
export async function readBody({ body, bodyUsed }: Request, signal: AbortSignal): Promise<BodyResult> {
  if (bodyUsed || body?.locked) return { kind: 'gone' };
  const reader = body?.getReader();
  // Cancelling ends the pending read.
  const cancel = (): void => void reader?.cancel().catch(() => undefined);
  const stopListening = onAbort(signal, cancel);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      length += part.value.length;
      if (length > MAX_BODY_BYTES) {
        cancel();
        return { kind: 'too_large' };
      }
      chunks.push(part.value);
    }
  } catch {
    return { kind: signal.aborted ? 'timed_out' : 'gone' };
  } finally {
    stopListening();
  }
  return signal.aborted ? { kind: 'timed_out' } : { kind: 'read', bytes: concat(chunks, length) };
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
