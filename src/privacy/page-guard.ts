import { CAMPAIGN_FIELDS } from '../protocol/fields.js';
import { replaceEncoded } from './encoded-values.js';
import { matcher, type NameList, nameFilter } from './name-list.js';
import { replacePersonal } from './personal-values.js';

/** Fields of `defaultProperties` that hold a page's address. */
const ADDRESSES: ReadonlySet<string> = new Set(['current_url', 'referrer']);
/** Fields that hold other text of the page. */
const TEXTS: ReadonlySet<string> = new Set(['title', 'pathname', 'host', 'referring_domain']);
/** Stands in for what was removed. */
const REMOVED = 'removed';

/** Query parameters that identify a campaign or a click, and so are kept. */
const CAMPAIGN: ReadonlySet<string> = new Set([...CAMPAIGN_FIELDS.split(' '), 'li_did', 'fbc', 'fbp']);

/** @throws {OursError} `invalid_option` */
export function parameterFilter(parameters: NameList | undefined): (name: string) => boolean {
  if (parameters === undefined) return () => true;
  const { allow, deny = [] } = parameters;
  const isDenied = matcher('parameters.deny', deny);
  const isAllowed = nameFilter('parameters', { allow });
  return (name) => !isDenied(name) && (isAllowed(name) || CAMPAIGN.has(name.toLowerCase()));
}

/**
 * What the page knew, without query parameters that `keeps` refuses and without personal values. The event is worth more than its
 * address, so nothing here refuses it.
 */
export function guardPage(
  page: object,
  keeps: (parameter: string) => boolean,
  isSearching: boolean,
): Record<string, unknown> {
  const clean = isSearching ? withoutPersonal : (text: string) => text;
  return Object.fromEntries(
    Object.entries(page).map(([name, value]) => {
      if (typeof value !== 'string') return [name, value];
      if (ADDRESSES.has(name)) return [name, clean(withoutParameters(value, keeps))];
      return [name, TEXTS.has(name) ? clean(value) : value];
    }),
  );
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
