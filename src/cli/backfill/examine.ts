import type { Undelivered } from '../../core/outcome.js';
import { Refusal } from '../../core/refusal.js';
import { type EncodeContext, encodeIdentify, encodeTrack } from '../../protocol/event.js';
import { toJsonBytes } from '../../protocol/json-bytes.js';
import { LIBRARY } from '../../protocol/library.js';
import { DEFAULT_BATCH_BYTES } from '../../protocol/limits.js';
import { exactReading, isTooOld } from '../../protocol/time.js';
import type { TypedEvent } from '../typed-event.js';

/** An event that can be sent, or how it would end. */
export type Examine = (event: TypedEvent | Refusal) => TypedEvent | Undelivered;

/** Examines events as the client would, with its own encoder. */
export function createExamine(maxBatchBytes: number = DEFAULT_BATCH_BYTES): Examine {
  const context: EncodeContext = {
    clock: () => exactReading(Date.now()),
    randomId: () => 'not sent',
    serialise: toJsonBytes,
    // As the client does: room for the token and the names around the row.
    maxBytes: maxBatchBytes - 512,
    catalog: undefined,
    version: LIBRARY,
    onUnreadable: () => undefined,
  };
  return (event) => {
    if (event instanceof Refusal) return toOutcome(event);
    if (event.kind === 'identify') {
      const encoded = encodeIdentify(event.input, context);
      return encoded instanceof Refusal ? toOutcome(encoded) : event;
    }
    const encoded = encodeTrack(event.input, context);
    if (!(encoded instanceof Refusal)) return event;
    const isOld = encoded.code === 'invalid_time' && isTooOld(Number(event.input.time), Date.now());
    return isOld ? { status: 'dropped', reason: 'too_old', message: encoded.message } : toOutcome(encoded);
  };
}

function toOutcome({ code, message }: Refusal): Undelivered {
  return { status: 'rejected', code, message };
}
