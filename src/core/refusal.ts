import { isPromise } from './user-call.js';

/** Why an event was refused at the call, before anything was sent. */
export type RefusalCode =
  | 'invalid_name'
  | 'reserved_name'
  | 'unknown_event'
  | 'no_identity'
  | 'invalid_field'
  /** It has an unknown field, often a name that another SDK uses. */
  | 'unknown_field'
  | 'invalid_properties'
  | 'invalid_time'
  | 'event_too_large'
  | 'unreadable'
  | 'before_send_failed'
  /** The guard found something that must not be sent. */
  | 'guarded'
  /** The guard found it in the event's name or id, which are not repeated. */
  | 'guarded_name';

/** An event that cannot be sent. The message names the field, the limit and the type received, never the value. */
export class Refusal {
  readonly code: RefusalCode;
  readonly message: string;

  constructor(code: RefusalCode, message: string) {
    this.code = code;
    this.message = message;
  }
}

/** The type of a value, for messages: the value itself may be personal. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a Date';
  if (value === undefined) return 'nothing';
  if (isPromise(value)) return 'a promise that was not awaited';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
