import { CAMPAIGN_FIELDS, type DefaultProperties, fromText } from '../protocol/fields.js';
import { replaceEncoded } from './encoded-values.js';
import { matcher, type NameList, nameFilter } from './name-list.js';
import { replacePersonal } from './personal-values.js';
import { readAsSent, type SentEntry } from './read-as-sent.js';

/** Fields of `defaultProperties` that hold a page's address. */
const ADDRESSES: ReadonlySet<string> = new Set(['current_url', 'referrer']);
/** Fields that say which browser and session it is: with another value, the service would take the event for another visit. */
const IDENTITY: ReadonlySet<string> = new Set(['user_agent', 'ip', 'sid']);
/** Stands in for what was removed. */
const REMOVED = 'removed';

/** Query parameters that identify a campaign or a click, and so are kept. */
const CAMPAIGN: ReadonlySet<string> = new Set([...CAMPAIGN_FIELDS.split(' '), 'li_did', 'fbc', 'fbp']);

/** Fields that adapters, like the browser SDK, may fill from another parameter. */
const SOURCES: ReadonlyMap<string, string> = new Map([
  ['clickid', 'li_did'],
  ['fbc', 'fbclid'],
]);

/** @throws {OursError} `invalid_option` */
export function parameterFilter(parameters: NameList | undefined): (name: string) => boolean {
  if (parameters === undefined) return () => true;
  const { allow, deny = [] } = parameters;
  const isDenied = matcher('parameters.deny', deny);
  const isAllowed = nameFilter('parameters', { allow });
  return (name) => !isDenied(name) && (isAllowed(name) || CAMPAIGN.has(name.toLowerCase()));
}

/**
 * What the page knew, without campaigns and query parameters that `keeps` refuses and without personal values. The event is worth
 * more than its page, so nothing in it refuses the event.
 *
 * @throws TOO_LARGE for a page that is too long to look through
 */
export function guardPage(
  page: DefaultProperties,
  keeps: (parameter: string) => boolean,
  isSearching: boolean,
): DefaultProperties {
  // The encoder could not read such a field either.
  const entries = readAsSent(page, () => undefined);
  if (entries === undefined) return page;
  const clean = isSearching ? withoutPersonal : (text: string) => text;
  const kept: [string, unknown][] = [];
  for (const entry of entries) {
    const { name } = entry;
    if (clean(name) === name && keepsField(name, keeps)) kept.push([name, guardField(entry, keeps, clean)]);
  }
  return Object.fromEntries(kept);
}

/** Whether a field that repeats a query parameter of the page may stay. */
function keepsField(name: string, keeps: (parameter: string) => boolean): boolean {
  const parameter = name.toLowerCase();
  if (!CAMPAIGN.has(parameter)) return true;
  const source = SOURCES.get(parameter);
  return keeps(parameter) && (source === undefined || keeps(source));
}

/** The clean value; the value itself where nothing had to change. */
function guardField(
  { name, value, text }: SentEntry,
  keeps: (parameter: string) => boolean,
  clean: (text: string) => string,
): unknown {
  if (IDENTITY.has(name)) return value;
  // The text, because an address may be a `URL`.
  if (!text || typeof fromText(name, text) !== 'string') return value;
  const cleaned = clean(ADDRESSES.has(name) ? withoutParameters(text, keeps) : text);
  return cleaned === text ? value : cleaned;
}

/** First as it is written: an unencoded value loses only what looks personal. */
function withoutPersonal(text: string): string {
  return replaceEncoded(
    replacePersonal(text, () => REMOVED),
    REMOVED,
  );
}

/** An address with the kept query parameters, as they were written; without its fragment, which may hold anything. */
function withoutParameters(address: string, keeps: (parameter: string) => boolean): string {
  const [beforeFragment = ''] = address.split('#', 1);
  const at = beforeFragment.indexOf('?');
  if (at < 0) return beforeFragment;
  const kept = beforeFragment
    .slice(at + 1)
    .split('&')
    .filter((pair) => [...new URLSearchParams(pair).keys()].every(keeps) && pair !== '');
  return beforeFragment.slice(0, at) + (kept.length === 0 ? '' : `?${kept.join('&')}`);
}
