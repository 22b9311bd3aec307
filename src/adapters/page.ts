import { CAMPAIGN_FIELDS } from '../protocol/fields.js';
import { plainText, type RequestFacts } from './request-facts.js';

/** The page that a request is about. */
export interface Page {
  readonly url: URL | undefined;
  readonly referrer: URL | undefined;
}

/** The longest URL to read, in UTF-16 code units; Node limits all headers together to 16 KiB. */
const MAX_URL_LENGTH = 8_192;
const MAX_VALUE_LENGTH = 1_000;

/** `Sec-Fetch-Dest` of what a browser loads to display; pages request everything else. */
const DOCUMENTS = ['document', 'iframe', 'frame', 'embed', 'object', 'fencedframe'];

// The browser SDK 1.0.3 reads these from the page's address in any case; li_did becomes clickid if there is none.
const CAMPAIGN_PARAMETERS: ReadonlyMap<string, string> = new Map(
  [...CAMPAIGN_FIELDS.split(' '), 'li_did'].map((name) => [name, name]),
);

/**
 * The page of a request. `Sec-Fetch-Dest` tells whether the browser loads a page or a page sends a request. In the second case
 * the page is the referrer, not `/api/buy`.
 */
export function pageOf(facts: RequestFacts, address: URL | undefined): Page {
  const referrer = readUrl(facts.header('referer'));
  return isAskedByPage(facts) ? { url: referrer, referrer: undefined } : { url: address, referrer };
}

/**
 * Whether a page of this site sent the request: by script, or by a form, for which browsers send `Origin`. Following a link does
 * not count, and a page of another site says nothing about the browser SDK.
 */
export function isSentByPage(facts: RequestFacts): boolean {
  const site = facts.header('sec-fetch-site');
  if (site !== 'same-origin' && site !== 'same-site') return false;
  return isAskedByPage(facts) || !!facts.header('origin');
}

/**
 * The page as the browser SDK describes it: address, host, path, referrer and campaign. A referrer on another site is reduced to
 * its origin, as browsers do by default (`strict-origin-when-cross-origin`): the path and query tell what the visitor read there.
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
    // An in-app browser may open the page in another browser without the query; the previous address still has it.
    if (isOwn) addCampaign(properties, referrer);
  }
  if (url !== undefined) addCampaign(properties, url);
  deriveClickIds(properties, now);
  return properties;
}

/** Whether a query parameter stays in an address. Takes the lower-case name. */
export type KeepsParameter = (name: string) => boolean;

/** Keeps campaigns, click ids and the given names; `*` keeps everything. */
export function parametersToKeep(names: readonly string[]): KeepsParameter {
  if (names.includes('*')) return () => true;
  const kept = new Set([...CAMPAIGN_PARAMETERS.keys(), ...names.map((name) => name.toLowerCase())]);
  return (name) => kept.has(name);
}

/** The address with only the kept parameters, which stay as the browser wrote them. */
function addressOf(url: URL, keeps: KeepsParameter): string {
  if (url.search === '') return url.href;
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((pair) => [...new URLSearchParams(pair).keys()].some((name) => keeps(name.toLowerCase())));
  return url.origin + url.pathname + (kept.length > 0 ? `?${kept.join('&')}` : '');
}

/** Click ids that the browser SDK derives from others. `fbc` is Meta's form of `fbclid`, with the time it was seen. */
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

/** An http(s) address, without credentials and fragment. */
export function readUrl(text: string | null | undefined): URL | undefined {
  const plain = plainText(text, MAX_URL_LENGTH);
  const url = plain && parse(plain);
  if (!url) return undefined;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  // Setting them is slow, and hardly any address has one.
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
  // Nearly every referrer has no query.
  if (url.search === '') return;
  // Not `url.searchParams`: it writes changes back into the address and costs twice as much.
  for (const [name, value] of new URLSearchParams(url.search)) {
    // Use the map's own string: V8 looks up properties by an interned string faster than by a new one.
    const known = CAMPAIGN_PARAMETERS.get(name.toLowerCase());
    if (known !== undefined && plainText(value, MAX_VALUE_LENGTH) !== undefined) properties[known] = value;
  }
}
