import { failOption } from '../core/check-option.js';
import type { Entry } from '../protocol/event.js';
import type { Identity } from '../protocol/identity.js';

/**
 * Matches entries that have one of the identifiers. Email addresses are compared without regard to case.
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
  const address = email?.toLowerCase();
  return (entry) =>
    (userId !== undefined && entry.userId === userId) ||
    (externalId !== undefined && entry.externalId === externalId) ||
    (address !== undefined && entry.email?.toLowerCase() === address);
}
