import { Refusal } from '../core/refusal.js';
import type { IdentifyInput } from '../protocol/event.js';
import { IDENTIFY_EVENT } from '../protocol/wire.js';
import type { Encode } from './before-send.js';
import type { Guard } from './options.js';

/** Passes the event to the guard before it is encoded. A guard that throws refuses the event. */
export function throughGuard<Input extends IdentifyInput>(guard: Guard, encode: Encode<Input>): Encode<Input> {
  return (input, context) => {
    let answer: ReturnType<Guard>;
    try {
      answer = guard({ event: IDENTIFY_EVENT, ...input });
    } catch {
      // Its message may quote the event.
      return new Refusal('guarded', 'the guard threw: the event may hold personal values.');
    }
    if ('refused' in answer) {
      const code = answer.isTooLarge ? 'event_too_large' : answer.isName ? 'guarded_name' : 'guarded';
      return new Refusal(code, answer.refused);
    }
    return encode(answer as unknown as Input, context);
  };
}
