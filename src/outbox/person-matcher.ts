import { failOption } from '../core/check-option.js';
import { fromBytes } from '../protocol/bytes.js';
import type { Entry } from '../protocol/event.js';
import type { Identity } from '../protocol/identity.js';
import { type NamedRow, personNames } from '../protocol/person-names.js';

/**
 * Matches entries whose person has one of the names. Reads bodies, because user properties name a person too.
 *
 * @throws {OursError} `invalid_option` without a valid identifier
 */
export function matcherOf(person: Identity): (entry: Entry) => boolean {
  const { userId, externalId, email } = person ?? {};
  for (const [field, value] of Object.entries({ userId, externalId, email })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      failOption(`forget: ${field} must be a non-empty string.`);
    }
  }
  if ((userId ?? externalId ?? email) === undefined) {
    failOption('forget needs a userId, an externalId, an email, or several of them.');
  }
  const wanted = new Set(personNames({ userId, externalId, email }));
  const isTheirs = (row: NamedRow): boolean => personNames(row).some((name) => wanted.has(name));
  return ({ userId, externalId, email, body }) =>
    isTheirs({ userId, externalId, email }) || isTheirs({ userProperties: userPropertiesOf(body) });
}

/** `undefined` for a body that is not JSON: the fields of such an entry still name its person. */
function userPropertiesOf(body: Uint8Array): NamedRow['userProperties'] {
  const text = fromBytes(body);
  // Parsing takes far longer than looking.
  if (!text.includes('"userProperties"')) return undefined;
  try {
    return (JSON.parse(text) as NamedRow | null)?.userProperties;
  } catch {
    return undefined;
  }
}
