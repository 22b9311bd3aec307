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
  return (entry) => namesOf(entry).some((name) => wanted.has(name));
}

function namesOf(entry: Entry): string[] {
  const { userId, externalId, email } = entry;
  return personNames({ userId, externalId, email, userProperties: userPropertiesOf(entry) });
}

/** `undefined` for a body that is no JSON: the fields of such an entry still name its person. */
function userPropertiesOf({ body }: Entry): NamedRow['userProperties'] {
  try {
    return (JSON.parse(fromBytes(body)) as NamedRow | null)?.userProperties;
  } catch {
    return undefined;
  }
}
