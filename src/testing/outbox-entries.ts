import { toBytes } from '../protocol/bytes.js';
import type { Entry } from '../protocol/event.js';
import { IDENTIFY_EVENT } from '../protocol/wire.js';

/** The person an entry is about. */
type Who = Partial<Pick<Entry, 'userId' | 'externalId' | 'email'>>;

/** A track entry as the encoder makes it. */
export function trackEntry(
  distinctId: string,
  who: Who = { userId: `visitor of ${distinctId}` },
  fields: object = {},
): Entry {
  return toEntry('track', distinctId, 'purchase', who, { time: 0, event: 'purchase', distinctId, ...who, ...fields });
}

/** An identify entry as the encoder makes it. */
export function identifyEntry(distinctId: string, who: Who): Entry {
  return toEntry('identify', distinctId, IDENTIFY_EVENT, who, { ...who, userProperties: {} });
}

function toEntry(kind: Entry['kind'], distinctId: string, event: string, who: Who, row: object): Entry {
  const { userId, externalId, email } = who;
  return { kind, distinctId, event, body: toBytes(JSON.stringify(row)), time: 0, userId, externalId, email };
}

/** @throws {Error} unless the entries have these ids, in this order */
export function expectIds(entries: readonly Entry[], ids: readonly string[]): void {
  expectSame(
    entries.map(({ distinctId }) => distinctId),
    ids,
  );
}

/** @throws {Error} unless both are equal as JSON, in any order of fields */
export function expectSame(actual: unknown, expected: unknown): void {
  const [came, wanted] = [toText(actual), toText(expected)];
  if (came !== wanted) throw new Error(`expected ${wanted}; got ${came}`);
}

function toText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
