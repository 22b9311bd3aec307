/** The facts about one field of the schema. */
export interface Fact {
  /** `string`, `number`, `boolean`, `true`, `false`, `map of string or null`, an object's name, or `list of` such names. */
  readonly type: string;
  readonly isOptional: boolean;
  readonly isNullable: boolean;
}

/** An object of the schema: its fields by name. */
export type Facts = ReadonlyMap<string, Fact>;

/** Every object of the schema, by our name. */
export type Schema = ReadonlyMap<string, Facts>;

/** Our names for the bodies and answers of experiments, which have generated names in the published types. */
const OUR_NAMES: Readonly<Record<string, string>> = {
  UnionMember0: 'assigned',
  UnionMember1: 'notAssigned',
  ExperimentPersonalizationResponse: 'personalizations',
  Personalization: 'personalization',
  ExperimentAssignmentParams: 'assignmentRequest',
  Context: 'context',
  ExperimentPersonalizationParams: 'personalizationRequest',
};

/**
 * Reads a schema in the published layout: objects of `"name?": "type | null"`, where `?` stands for a field that may be left
 * out, and groups of such objects.
 *
 * @throws Error for what is neither
 */
export function readPublished(input: unknown): Schema {
  const schema = new Map<string, Facts>();
  for (const [name, value] of Object.entries(toMap(input, 'the file'))) {
    if (name === 'note') continue;
    const fields = toMap(value, name);
    const isGroup = Object.values(fields).every((field) => typeof field === 'object');
    for (const [inner, object] of isGroup ? Object.entries(fields) : [[name, fields] as const]) {
      schema.set(OUR_NAMES[inner] ?? inner, readFields(toMap(object, inner), inner));
    }
  }
  if (schema.size === 0) throw new Error('the file: expected an object for each call');
  return schema;
}

function readFields(fields: Readonly<Record<string, unknown>>, object: string): Facts {
  return new Map(
    Object.entries(fields).map(([name, text]) => {
      if (typeof text !== 'string') throw new Error(`${object}.${name}: expected a type as a string`);
      const isOptional = name.endsWith('?');
      const withoutNull = text.replace(/ \| null$/, '');
      const fact = { type: typeOf(withoutNull), isOptional, isNullable: withoutNull !== text };
      return [isOptional ? name.slice(0, -1) : name, fact];
    }),
  );
}

/** The type in our notation, without its module. */
function typeOf(text: string): string {
  if (/^\{ \[key: string\]: string \| null \}$/.test(text)) return 'map of string or null';
  const items = /^Array<(.*)>$/.exec(text)?.[1];
  if (items !== undefined) return `list of ${[...new Set(items.split(' | ').map(objectName))].join(' or ')}`;
  return objectName(text);
}

function objectName(text: string): string {
  const [name = text] = text.split('.').slice(-1);
  if (!text.includes('.')) return name;
  // We treat the two members of a batch's answer as one object: a row, accepted or not.
  if (text.startsWith('BatchCreateResponse.')) return 'batchResult';
  return OUR_NAMES[name] ?? name.charAt(0).toLowerCase() + name.slice(1);
}

/** Reads `test/fixtures/ingest-schema.json`: `"name": "type"`, with `optional` and `nullable` after a comma. */
export function readFixture(input: unknown): Schema {
  return new Map(
    Object.entries(toMap(toMap(input, 'the fixture').objects, 'objects')).map(([object, fields]) => [
      object,
      new Map(
        Object.entries(toMap(fields, object)).map(([name, text]) => {
          const [type = '', ...words] = String(text).split(', ');
          return [name, { type, isOptional: words.includes('optional'), isNullable: words.includes('nullable') }];
        }),
      ),
    ]),
  );
}

function toMap(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`${what}: expected an object`);
}
