import { CAMPAIGN_FIELDS } from '../protocol/fields.js';
import { type Address, readUrl } from './address.js';
import { plainText, type RequestFacts } from './request-facts.js';

/** The page that a request is about. */
export interface Page {
  readonly url: Address | undefined;
  readonly referrer: Address | undefined;
}

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
export function pageOf(facts: RequestFacts, address: Address | undefined): Page {
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
 * Adds the page as the browser SDK describes it: address, host, path, referrer and campaign. A referrer on another site is reduced to
 * its origin, as browsers do by default (`strict-origin-when-cross-origin`): the path and query tell what the visitor read there.
 */
export function addPageProperties(
  properties: Record<string, string | number>,
  { url, referrer }: Page,
  keeps: KeepsParameter,
  now: number,
): void {
  const parameters = parametersOf(url);
  if (url !== undefined) {
    properties.current_url = addressOf(url, parameters, keeps);
    properties.host = url.host;
    properties.pathname = url.pathname;
  }
  if (referrer !== undefined) addReferrer(properties, referrer, url, keeps);
  addCampaign(properties, parameters);
  deriveClickIds(properties, url?.host, now);
}

/** Whether a query parameter stays in an address. Takes the lower-case name. */
export type KeepsParameter = (name: string) => boolean;

/** Keeps campaigns, click ids and the given names; `*` keeps everything. */
export function parametersToKeep(names: readonly string[]): KeepsParameter {
  if (names.includes('*')) return () => true;
  const kept = new Set([...CAMPAIGN_PARAMETERS.keys(), ...names.map((name) => name.toLowerCase())]);
  return (name) => kept.has(name);
}

function addReferrer(
  properties: Record<string, string | number>,
  referrer: Address,
  url: Address | undefined,
  keeps: KeepsParameter,
): void {
  const isOwn = referrer.hostname === url?.hostname;
  const parameters = isOwn ? parametersOf(referrer) : NONE;
  properties.referrer = isOwn ? addressOf(referrer, parameters, keeps) : `${referrer.origin}/`;
  properties.referring_domain = referrer.hostname;
  // An in-app browser may open the page in another browser without the query; the previous address still has it.
  addCampaign(properties, parameters);
}

/** The address with only the kept parameters, which stay as the browser wrote them. */
function addressOf(url: Address, parameters: readonly Parameter[], keeps: KeepsParameter): string {
  if (url.search === '') return url.href;
  let query = '';
  for (const { name, written } of parameters) if (keeps(name)) query += (query === '' ? '?' : '&') + written;
  return url.origin + url.pathname + query;
}

/** Click ids that the browser SDK derives from others. `fbc` is Meta's form of `fbclid`, with the time it was seen. */
function deriveClickIds(properties: Record<string, string | number>, host: string | undefined, now: number): void {
  const { fbclid, li_did } = properties;
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

function addCampaign(properties: Record<string, string | number>, parameters: readonly Parameter[]): void {
  for (const { name, value } of parameters) {
    const known = CAMPAIGN_PARAMETERS.get(name);
    const text = known && plainText(decode(value), MAX_VALUE_LENGTH);
    if (known !== undefined && text !== undefined) properties[known] = text;
  }
}

/** A query parameter. */
interface Parameter {
  /** As the browser wrote it: `name=value`. */
  readonly written: string;
  /** Decoded and in lower case. */
  readonly name: string;
  /** Not decoded. */
  readonly value: string;
}

/** What a query may encode. */
const ENCODED = /[%+]/;
const NONE: readonly Parameter[] = [];

function parametersOf(url: Address | undefined): readonly Parameter[] {
  const query = url?.search;
  // Nearly every referrer has no query.
  if (!query) return NONE;
  const parameters: Parameter[] = [];
  // `split` would take twice as long.
  for (let at = 1, end = 0; at < query.length; at = end + 1) {
    end = query.indexOf('&', at);
    if (end < 0) end = query.length;
    if (end > at) parameters.push(parameterOf(query.slice(at, end)));
  }
  return parameters;
}

function parameterOf(written: string): Parameter {
  const equals = written.indexOf('=');
  const own = equals < 0 ? written : written.slice(0, equals);
  const value = equals < 0 ? '' : written.slice(equals + 1);
  // The map's own string, where it has one: V8 finds properties by it faster than by a new string.
  return { written, name: CAMPAIGN_PARAMETERS.get(own) ?? decode(own).toLowerCase(), value };
}

/** Decodes a name or a value like `URLSearchParams`, which is slow: few of them are encoded. */
function decode(text: string): string {
  return ENCODED.test(text) ? (new URLSearchParams(`=${text}`).get('') ?? '') : text;
}
