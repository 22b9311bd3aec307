import type { ExposureTimes } from '../assignment/exposure-times.js';
import type { Undelivered } from '../core/outcome.js';
import { shortName } from '../core/printable.js';
import { Refusal } from '../core/refusal.js';
import { createCatalogCheck } from '../protocol/catalog.js';
import {
  type EncodeContext,
  type Entry,
  encodeIdentify,
  encodeTrack,
  type IdentifyInput,
  type TrackInput,
} from '../protocol/event.js';
import { LIBRARY } from '../protocol/library.js';
import { RESERVED_BYTES } from '../protocol/limits.js';
import type { OnUnreadable } from '../protocol/properties.js';
import { type Encode, throughBeforeSend } from './before-send.js';
import type { ClientContext } from './context.js';
import { throughGuard } from './guard.js';

/** Encodes an input, or returns the outcome of an event that is not sent. Never throws. */
export type Encoder<Input> = (input: Input) => Entry | Undelivered;

export function createEncoders(
  { options, clock, warnings, randomId, openRow }: ClientContext,
  exposureTimes: ExposureTimes,
): {
  readonly track: Encoder<TrackInput>;
  readonly identify: Encoder<IdentifyInput>;
} {
  const { beforeSend, guard, disabled } = options;
  const context: EncodeContext = {
    clock: () => clock.read(),
    earliestFor: (userId) => exposureTimes.earliestFor(userId),
    randomId,
    openRow,
    maxBytes: options.maxBatchBytes - RESERVED_BYTES,
    catalog: options.events === undefined ? undefined : createCatalogCheck(options.events),
    version: LIBRARY,
    reporterFor: createReporters((event, property) =>
      warnings.throttledEach(
        `property '${shortName(property)}' of event '${shortName(event)}' could not be read and is left out: pass plain data.`,
      ),
    ),
  };

  function encoderFor<Input extends IdentifyInput>(encodeInput: Encode<Input>): Encoder<Input> {
    const guarded = guard === undefined ? encodeInput : throughGuard(guard, encodeInput);
    const encode = beforeSend === undefined ? guarded : throughBeforeSend(beforeSend, guarded);
    return (input) => {
      if (disabled) return { status: 'dropped', reason: 'disabled' };
      let entry: Entry | Refusal | null;
      try {
        entry = encode(input, context);
      } catch {
        // A hostile getter may throw anything, so its message is not repeated.
        entry = new Refusal('unreadable', 'reading the event threw: pass plain data.');
      }
      if (entry === null) return { status: 'dropped', reason: 'before_send' };
      return entry instanceof Refusal ? { status: 'rejected', code: entry.code, message: entry.message } : entry;
    };
  }

  return { track: encoderFor(encodeTrack), identify: encoderFor(encodeIdentify) };
}

/** Keeps the reporter of the last event name, so that not every event creates a function. */
function createReporters(report: (event: string, property: string) => void): EncodeContext['reporterFor'] {
  let last: { readonly event: string; readonly report: OnUnreadable } | undefined;
  return (event) => {
    if (last?.event !== event) last = { event, report: (property) => report(event, property) };
    return last.report;
  };
}
