/** The fields of an event that hold one value. */
const VALUES = ['event', 'userId', 'externalId', 'email', 'sessionId', 'time', 'distinctId'];
/** Those that hold names and values. */
const MAPS = ['eventProperties', 'userProperties', 'defaultProperties', 'identityContext'];
/** Names within them that hold names and values in turn. */
const INNER_MAPS = ['userProperties.custom_properties', 'userProperties.consent'];

/** The names `track` knows. */
export const FIELDS: readonly string[] = [...VALUES, ...MAPS];

/** Where a value stands in an event: a field, or a name within it. */
export type FieldPath = readonly string[];

/**
 * Reads the name of a column: `userId`, `eventProperties.value`, `userProperties.custom_properties.plan`. Only the dots that
 * lead into a map separate: `eventProperties.a.b` is the property `a.b`. `undefined` for a name that leads nowhere.
 */
export function toFieldPath(name: string): FieldPath | undefined {
  if (VALUES.includes(name)) return [name];
  const inner = INNER_MAPS.find((map) => name.startsWith(`${map}.`));
  const map = inner ?? MAPS.find((one) => name.startsWith(`${one}.`));
  const property = map === undefined ? '' : name.slice(map.length + 1);
  if (map === undefined || property === '' || INNER_MAPS.includes(name)) return undefined;
  return [...map.split('.'), property];
}

/** Puts a value where its path says. */
export function setField(fields: Record<string, unknown>, path: FieldPath, value: string): void {
  let map = fields;
  for (const name of path.slice(0, -1)) {
    map[name] ??= {};
    map = map[name] as Record<string, unknown>;
  }
  map[path[path.length - 1]!] = value;
}
