import { validateHeaderName, validateHeaderValue } from 'node:http';
import { failOption } from '../../core/check-option.js';
import { typeName } from '../../core/refusal.js';
import { MAX_TIMER_MS } from '../../core/timers.js';
import { describeUnknown, fieldNames } from '../../core/unknown-names.js';
import type { BatchRowCode } from '../../protocol/wire.js';
import type { Fault } from './fault.js';

type FaultOf<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;
type Fields = Readonly<Record<string, unknown>>;

/** What the fields of one kind of fault may be. */
interface Kind {
  readonly fields: ReadonlySet<string>;
  /** Returns what the fields must be; `undefined` if they are. */
  readonly expected?: (fault: Fields) => string | undefined;
}

const ROW_CODES: readonly BatchRowCode[] = ['invalid_event', 'queue_failed'];

const KINDS: { readonly [Name in Fault['kind']]: Kind } = {
  status: {
    fields: fieldNames<FaultOf<'status'>>({ kind: 1, status: 1, headers: 1, body: 1 }),
    expected({ status, headers, body }) {
      // Node refuses other numbers, and an answer does not end with a status below 200.
      if (!isInteger(status) || status < 200 || status > 999) return 'a status from 200 to 999';
      if (headers !== undefined && !areHeaders(headers)) return 'headers as an object of valid names and strings';
      if (body === undefined) return undefined;
      if (hasNoBody(status)) return `no body: HTTP allows none with status ${status}`;
      return isSendable(body) ? undefined : 'a body that is a string, bytes or JSON';
    },
  },
  delay: {
    fields: fieldNames<FaultOf<'delay'>>({ kind: 1, ms: 1 }),
    expected: ({ ms }) => (isWithin(ms, MAX_TIMER_MS) ? undefined : `ms from 0 to ${MAX_TIMER_MS}`),
  },
  hang: { fields: fieldNames<FaultOf<'hang'>>({ kind: 1 }) },
  reset: { fields: fieldNames<FaultOf<'reset'>>({ kind: 1 }) },
  resetAfter: { fields: fieldNames<FaultOf<'resetAfter'>>({ kind: 1 }) },
  truncated: { fields: fieldNames<FaultOf<'truncated'>>({ kind: 1 }) },
  stallBody: { fields: fieldNames<FaultOf<'stallBody'>>({ kind: 1 }) },
  badJson: { fields: fieldNames<FaultOf<'badJson'>>({ kind: 1 }) },
  rows: {
    fields: fieldNames<FaultOf<'rows'>>({ kind: 1, code: 1, indexes: 1, share: 1 }),
    expected({ code, indexes, share }) {
      if (!ROW_CODES.some((known) => known === code)) return `code as one of ${ROW_CODES.join(', ')}`;
      const isValid =
        indexes === undefined
          ? isWithin(share, 1)
          : share === undefined && Array.isArray(indexes) && indexes.every((index) => isInteger(index) && index >= 0);
      return isValid ? undefined : 'either indexes, an array of row numbers from 0, or share, a number from 0 to 1';
    },
  },
};

/**
 * Checks that `fault` is one: another value would have no effect, and a test would pass without the fault it is about.
 * @throws {OursError} `invalid_option`, listing the choices
 */
export function checkFault(call: string, fault: unknown): void {
  const fields = (typeof fault === 'object' && fault !== null ? fault : {}) as Fields;
  const { kind } = fields;
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    const got = typeof kind === 'string' ? `the kind '${kind}'` : typeName(fault);
    failOption(
      `${call}: a fault is an object such as { kind: 'reset' }; got ${got}. The kinds are ${Object.keys(KINDS).join(', ')}.`,
    );
  }
  const { fields: known, expected } = KINDS[kind as Fault['kind']];
  const wrong = expected?.(fields);
  if (wrong !== undefined) failOption(`${call}: a fault of the kind '${kind}' needs ${wrong}.`);
  const unknown = describeUnknown(fields, known);
  if (unknown !== undefined) failOption(`${call}: a fault of the kind '${kind}' has an unknown field: ${unknown}.`);
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function isWithin(value: unknown, max: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= max;
}

/** Whether an answer with this status ends with its headers. */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

function areHeaders(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([name, text]) => {
    if (typeof text !== 'string') return false;
    try {
      validateHeaderName(name);
      validateHeaderValue(name, text);
      return true;
    } catch {
      return false;
    }
  });
}

function isSendable(body: unknown): boolean {
  try {
    return body instanceof Uint8Array || JSON.stringify(body) !== undefined;
  } catch {
    // A bigint or a cycle.
    return false;
  }
}
