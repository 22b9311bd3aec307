// What leaves through a tool may reach the provider of a model. So values are hidden unless they are known to be harmless.

/** Properties whose values say nothing about a person. */
const HARMLESS = new Set([
  'currency',
  'discount',
  'experiment_id',
  'experiment_key',
  'quantity',
  'shipping',
  'tax',
  'total',
  'value',
  'variant_id',
  'variant_name',
]);

const HIDDEN = '(hidden)';
const SHORT = 8;
const MAX_PROPERTIES = 50;
const MAX_NAME_LENGTH = 80;
const MAX_VALUE_LENGTH = 60;

/** Part of an id: enough to compare two of them, too little to look someone up. What is before a colon stays. */
export function maskId(id: string): string {
  const text = withoutAddresses(id);
  const colon = text.indexOf(':') + 1;
  const [prefix, rest] = [text.slice(0, colon), text.slice(colon)];
  if (rest.length <= SHORT) return `${prefix}${rest.slice(0, 2)}…`;
  return `${prefix}${rest.slice(0, 4)}…${rest.slice(-3)}`;
}

/** All names of a map; values only of harmless properties. */
export function maskProperties(map: unknown): Record<string, string> | undefined {
  if (typeof map !== 'object' || map === null) return undefined;
  const entries = Object.entries(map).slice(0, MAX_PROPERTIES);
  return Object.fromEntries(
    entries.map(([name, value]) => [withoutAddresses(name).slice(0, MAX_NAME_LENGTH), maskValue(name, value)]),
  );
}

function maskValue(name: string, value: unknown): string {
  if (value === null) return 'null';
  return HARMLESS.has(name.toLowerCase()) ? withoutAddresses(String(value)).slice(0, MAX_VALUE_LENGTH) : HIDDEN;
}

/** A text of the user's, such as the name of an event, without the email addresses that may be in it. */
export function withoutAddresses(text: string): string {
  return text.replace(/[^\s@:;,<>"']+@[^\s@:;,<>"']+/g, '(email)');
}
