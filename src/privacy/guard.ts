import type { Guard, GuardRefusal } from '../client/options.js';
import { checkOptionNames, failOption } from '../core/check-option.js';
import { fieldNames } from '../core/unknown-names.js';
import { TOO_LARGE } from '../protocol/row-writer.js';
import { checkNameList, type NameList, nameFilter } from './name-list.js';
import { guardPage, parameterFilter } from './page-guard.js';
import { findPersonal, type PersonalKind, withArticle } from './personal-values.js';
import { HEALTH_NAMES } from './presets.js';
import { MAX_LENGTH } from './read-as-sent.js';
import { sha256 } from './sha256.js';
import { createWalk } from './walk.js';

/** The options of a guard. */
export interface GuardOptions {
  /**
   * `health` denies properties that name a person, a diagnosis or a treatment, keeps only the campaign in addresses, and looks for
   * personal values. What you set besides is added to it.
   */
  readonly preset?: 'health' | undefined;
  /** Names of event properties. */
  readonly properties?: NameList | undefined;
  /**
   * Query parameters of `current_url` and `referrer`, and the campaign fields that repeat them. Campaigns and click ids pass unless
   * they are denied. @default all pass
   */
  readonly parameters?: NameList | undefined;
  /**
   * Whether to look for values shaped like e-mail addresses, phone numbers, American social security numbers, card numbers and
   * medical record numbers. @default true
   */
  readonly values?: boolean | undefined;
  /**
   * What happens to an event with a denied property or a personal value: `refuse` rejects the event, `remove` leaves out the
   * property, and `hash` replaces the value by the SHA-256 of its normalised form, as advertising platforms define it.
   * @default 'refuse'
   */
  readonly found?: 'refuse' | 'remove' | 'hash' | undefined;
}

const OPTIONS = fieldNames<GuardOptions>({ preset: 1, properties: 1, parameters: 1, values: 1, found: 1 });
const FOUND = ['refuse', 'remove', 'hash'];

/**
 * A guard for the client's option `guard`: it sees every event after `beforeSend`, before the event is stored or logged.
 *
 * @example
 * const ours = createClient({ guard: createGuard({ preset: 'health', properties: { allow: ['order_id', 'value', 'currency'] } }) });
 *
 * @throws {OursError} `invalid_option`
 */
export function createGuard(options: GuardOptions = {}): Guard {
  checkOptionNames('createGuard', options, OPTIONS);
  const { preset, properties = {}, parameters, values = true, found = 'refuse' } = options;
  if (preset !== undefined && preset !== 'health') failOption("preset must be 'health'.");
  if (!FOUND.includes(found)) failOption("found must be 'refuse', 'remove' or 'hash'.");
  if (typeof values !== 'boolean') failOption('values must be true or false.');
  checkNameList('properties', properties);
  if (parameters !== undefined) checkNameList('parameters', parameters);
  const isHealth = preset === 'health';
  const deny = isHealth ? [...HEALTH_NAMES, ...(properties.deny ?? [])] : properties.deny;
  const passes = nameFilter('properties', { allow: properties.allow, deny });
  const keeps = parameterFilter(isHealth ? { allow: [], ...parameters } : parameters);
  // A longer name or id is invalid, and anything else is at most so long.
  const search = values ? (text: string) => findPersonal(text.slice(0, MAX_LENGTH)) : () => undefined;

  const walk = createWalk({ passes, search, found, sha256: found === 'hash' ? sha256() : undefined });

  return (event) => {
    const named = search(event.event);
    if (named !== undefined) return refuse('the name of the event', named);
    const identified = search(String(event.distinctId ?? ''));
    if (identified !== undefined) return refuse('distinctId', identified);
    const { eventProperties, defaultProperties: page } = event;
    try {
      const kept = eventProperties == null ? undefined : walk(eventProperties);
      if (kept !== undefined && 'refused' in kept) return kept;
      return {
        ...event,
        ...(kept === undefined ? {} : { eventProperties: kept.map }),
        ...(page == null ? {} : { defaultProperties: guardPage(page, keeps, values) }),
      };
    } catch (error) {
      if (error !== TOO_LARGE) throw error;
      return { refused: TOO_LONG, isTooLarge: true };
    }
  };
}

const TOO_LONG = `the event is too long to look through: its properties and its page may have ${MAX_LENGTH} characters each. Send a reference instead of the content.`;

function refuse(field: string, kind: PersonalKind): GuardRefusal {
  return { refused: `${field} looks like ${withArticle(kind)}: name the thing that happened instead.`, isName: true };
}
