import { printable } from '../../core/printable.js';

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
const EMAIL = '(email)';
const TINY = 4;
const SHORT = 10;
const MAX_PROPERTIES = 50;
const MAX_TEXT_LENGTH = 100;
const MAX_VALUE_LENGTH = 60;

/** What the id is of, as in `purchase:pi_123`. */
const KIND = /^[a-z][a-z_]{0,20}:(?=.)/s;

/** Part of an id: enough to compare two of them, too little to look someone up. */
export function maskId(id: string): string {
  if (withoutAddresses(id) !== id) return EMAIL;
  const [kind = ''] = KIND.exec(id) ?? [];
  const rest = id.slice(kind.length);
  if (rest.length <= TINY) return `${kind}…`;
  if (rest.length <= SHORT) return printable(`${kind}${rest.slice(0, 2)}…`);
  return printable(`${kind}${rest.slice(0, 4)}…${rest.slice(-3)}`);
}

/** All names of a map; values only of harmless properties. */
export function maskProperties(map: unknown): Record<string, string> | undefined {
  if (typeof map !== 'object' || map === null) return undefined;
  const entries = Object.entries(map).slice(0, MAX_PROPERTIES);
  return Object.fromEntries(entries.map(([name, value]) => [shown(name), maskValue(name, value)]));
}

function maskValue(name: string, value: unknown): string {
  if (value === null) return 'null';
  return HARMLESS.has(name.toLowerCase()) ? shown(String(value), MAX_VALUE_LENGTH) : HIDDEN;
}

/** A text that a sender chose, such as the name of an event: one short printable line without email addresses. */
export function shown(text: string, maxLength: number = MAX_TEXT_LENGTH): string {
  return printable(withoutAddresses(text), maxLength);
}

function withoutAddresses(text: string): string {
  return text.replace(/[^\s@:;,<>"']+@[^\s@:;,<>"']+/g, EMAIL);
}
