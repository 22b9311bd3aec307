import { isOursError, type OursError } from '../../src/core/errors.js';
import { toBytes } from '../../src/protocol/bytes.js';
import type { Entry } from '../../src/protocol/event.js';

/** The person an entry is about. */
export type Who = Partial<Pick<Entry, 'userId' | 'externalId' | 'email'>>;

/** A track entry as the encoder makes it. */
export function trackEntry(distinctId: string, who: Who = { userId: `visitor of ${distinctId}` }, time = 0): Entry {
  const { userId, externalId, email } = who;
  const row = { time, event: 'purchase', distinctId, userId, externalId, email };
  return entryOf('track', distinctId, row, who, time);
}

/** An identify entry as the encoder makes it. */
export function identifyEntry(distinctId: string, who: Who, fields: object = { userProperties: {} }, time = 0): Entry {
  return entryOf('identify', distinctId, { ...who, ...fields }, who, time);
}

function entryOf(kind: Entry['kind'], distinctId: string, row: object, who: Who, time: number): Entry {
  const { userId, externalId, email } = who;
  const event = kind === 'track' ? 'purchase' : '$identify';
  return { kind, distinctId, event, body: toBytes(JSON.stringify(row)), time, userId, externalId, email };
}

export const idsOf = (entries: readonly Entry[]): string[] => entries.map((entry) => entry.distinctId);

/** What has happened to a promise once everything that can run has run. */
export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  let state: 'pending' | 'resolved' | 'rejected' = 'pending';
  promise.then(
    () => {
      state = 'resolved';
    },
    () => {
      state = 'rejected';
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  return state;
}

export async function errorOf(promise: Promise<unknown>): Promise<OursError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isOursError(error)) throw new Error(`no error of ours: ${String(error)}`);
  return error;
}
