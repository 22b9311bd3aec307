// The fields of `defaultProperties` by their type in the service's schema. The types of inputs, the values on the wire and what
// adapters read from an address all follow from these lists; test/protocol/fields.test.ts holds them against the schema. Lists
// are strings because that is the smallest a bundle can carry them.

/** Strings that tell which campaign led to the visit: the query parameters of these names. A person may have them as well. */
export const CAMPAIGN_FIELDS =
  '_ef_transaction_id ad_id admitad_uid adset_id alart aleid basis_cid beeswax_auction_id campaign_id clickid clid dclid epik fbclid gad_source gbraid gclid im_ref irclickid li_fat_id msclkid ndclid ob_click_id oppref qclid rdt_cid sacid sccid ttclid twclid utm_campaign utm_content utm_medium utm_name utm_source utm_term viant_click_id viant_impression_id wbraid';

/** Other strings; `is_bot` is one of them. */
export const PAGE_FIELDS =
  'axwrt browser_language browser_name browser_version cpu_architecture current_url device_model device_type device_vendor encoding engine_name engine_version fbc fbp host ip is_bot os_name os_version pathname received_at referrer referring_domain sid sr title uafvl user_agent version';

export const NUMBER_FIELDS = 'activeDuration duration page_hash screen_height screen_width sessionCount';

export const BOOLEAN_FIELDS = 'fv iframe new_s webview';

type NamesIn<List extends string, Found = never> = List extends `${infer First} ${infer Rest}`
  ? NamesIn<Rest, Found | First>
  : Found | List;

/** What becomes a string; see docs/input.md. */
export type TextValue = string | number | boolean | bigint | Date | null | undefined;

/** What tells which campaign led to the visit: utm_* and the click ids of advertising networks. */
export type CampaignProperties = { readonly [Name in NamesIn<typeof CAMPAIGN_FIELDS>]?: TextValue };

type KnownProperties = CampaignProperties & { readonly [Name in NamesIn<typeof PAGE_FIELDS>]?: TextValue } & {
  readonly [Name in NamesIn<typeof NUMBER_FIELDS>]?: number | null | undefined;
} & { readonly [Name in NamesIn<typeof BOOLEAN_FIELDS>]?: boolean | null | undefined };

/**
 * What the page knew, by the names and types of the service's schema: `screen_width` is a number, `iframe` a boolean, `is_bot`
 * and most others become strings. Other names are sent as strings [A: the service ignores them].
 */
export type DefaultProperties = KnownProperties & { readonly [name: string]: unknown };

/** Fields that are no strings. */
const KINDS: ReadonlyMap<string, 'number' | 'boolean'> = new Map([
  ...NUMBER_FIELDS.split(' ').map((name) => [name, 'number'] as const),
  ...BOOLEAN_FIELDS.split(' ').map((name) => [name, 'boolean'] as const),
]);

/** The value of a field of `defaultProperties` by its text; `undefined` where the text is no value of the field's type. */
export function fromText(name: string, text: string): string | number | boolean | undefined {
  const kind = KINDS.get(name);
  if (kind === undefined) return text;
  if (kind === 'boolean') return text === 'true' || (text === 'false' ? false : undefined);
  const number = Number(text);
  return text.trim() === '' || !Number.isFinite(number) ? undefined : number;
}
