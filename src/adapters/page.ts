import { CAMPAIGN_FIELDS } from '../protocol/fields.js';
import { plainText } from './plain-text.js';
import type { RequestFacts } from './request-facts.js';

/** What is known of the page a request is about. */
export interface Page {
  readonly url: URL | undefined;
  readonly referrer: URL | undefined;
}

/** The longest URL that is read, in UTF-16 code units; Node takes headers of 16 KiB altogether. */
const MAX_URL_LENGTH = 8_192;
const MAX_VALUE_LENGTH = 1_000;

/** What a browser loads to show it, by `Sec-Fetch-Dest`; everything else is asked for by a page. */
const DOCUMENTS = ['document', 'iframe', 'frame', 'embed', 'object', 'fencedframe'];

// The browser SDK 1.0.3 finds these in the page's address whatever their case; li_did becomes clickid where there is none.
const CAMPAIGN_PARAMETERS: ReadonlyMap<string, string> = new Map(
  [...CAMPAIGN_FIELDS.split(' '), 'li_did'].map((name) => [name, name]),
);

/**
 * The page of a request. A browser says by `Sec-Fetch-Dest` whether it asks for a page or whether a page asks; then that page
 * is the referrer, and `/api/buy` never takes its place.
 */
export function pageOf(facts: RequestFacts, address: URL | undefined): Page {
  const referrer = readUrl(facts.header('referer'));
  return isAskedByPage(facts) ? { url: referrer, referrer: undefined } : { url: address, referrer };
}

/**
 * Whether a page of this site sent the request: by script, or by a form, for which browsers send `Origin`. Loading a page, by a
 * link or by its address, is no request of that page, and one of another site shows nothing about the browser SDK.
 */
export function isSentByPage(facts: RequestFacts): boolean {
  const site = facts.header('sec-fetch-site');
  if (site !== 'same-origin' && site !== 'same-site') return false;
  return isAskedByPage(facts) || !!facts.header('origin');
}

/**
 * The page as the browser SDK describes it: address, host, path, referrer, and the campaign the visitor has come with. Of another
 * site's address only the origin is told, which is all that browsers send unless that site wants otherwise
 * (`strict-origin-when-cross-origin`): its path and query are about what the visitor read there.
 */
export function pageProperties({ url, referrer }: Page, keeps: KeepsParameter, now: number): Record<string, string> {
  const properties: Record<string, string> = {};
  if (url !== undefined) {
    properties.current_url = addressOf(url, keeps);
    properties.host = url.host;
    properties.pathname = url.pathname;
  }
  if (referrer !== undefined) {
    const isOwn = referrer.hostname === url?.hostname;
    properties.referrer = isOwn ? addressOf(referrer, keeps) : `${referrer.origin}/`;
    properties.referring_domain = referrer.hostname;
    // An in-app browser hands over to another one without the query; the address before it still has it.
    if (isOwn) addCampaign(properties, referrer);
  }
  if (url !== undefined) addCampaign(properties, url);
  deriveClickIds(properties, now);
  return properties;
}

/** Whether a query parameter stays in an address, by its name in lower case. */
export type KeepsParameter = (name: string) => boolean;

/** Campaigns and click ids stay in addresses, and what the site names; `*` is everything. */
export function parametersToKeep(names: readonly string[]): KeepsParameter {
  if (names.includes('*')) return () => true;
  const kept = new Set([...CAMPAIGN_PARAMETERS.keys(), ...names.map((name) => name.toLowerCase())]);
  return (name) => kept.has(name);
}

/** An address without the parameters that do not stay. What is left is as the browser wrote it. */
function addressOf(url: URL, keeps: KeepsParameter): string {
  if (url.search === '') return url.href;
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((pair) => [...new URLSearchParams(pair).keys()].some((name) => keeps(name.toLowerCase())));
  return url.origin + url.pathname + (kept.length > 0 ? `?${kept.join('&')}` : '');
}

/** What the browser SDK makes of other click ids; `fbc` is Meta's form of `fbclid`, with the time at which it was seen. */
function deriveClickIds(properties: Record<string, string>, now: number): void {
  const { fbclid, li_did, host } = properties;
  if (fbclid !== undefined && host !== undefined) {
    properties.fbc = `fb.${host.split('.').length - 1}.${now}.${fbclid}`;
  }
  if (li_did === undefined) return;
  properties.clickid ??= li_did;
  // The schema has no such field.
  delete properties.li_did;
}

function isAskedByPage(facts: RequestFacts): boolean {
  const destination = facts.header('sec-fetch-dest');
  return !!destination && !DOCUMENTS.includes(destination);
}

/** An http(s) address without credentials and fragment, or `undefined`. */
export function readUrl(text: string | null | undefined): URL | undefined {
  const plain = plainText(text, MAX_URL_LENGTH);
  const url = plain && parse(plain);
  if (!url) return undefined;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  // Nearly no address has any of them, and setting them is slow.
  if (url.username !== '') url.username = '';
  if (url.password !== '') url.password = '';
  if (url.hash !== '') url.hash = '';
  return url;
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function addCampaign(properties: Record<string, string>, url: URL): void {
  // Nearly every referrer is without a query.
  if (url.search === '') return;
  // Not `url.searchParams`, which writes back into the address whatever is done to it, and costs twice as much.
  for (const [name, value] of new URLSearchParams(url.search)) {
    // The name as the map has it: V8 finds a property by a text it knows faster than by one just made.
    const known = CAMPAIGN_PARAMETERS.get(name.toLowerCase());
    if (known !== undefined && plainText(value, MAX_VALUE_LENGTH) !== undefined) properties[known] = value;
  }
}
