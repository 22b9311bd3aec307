/** A JSON Schema, for `conforms`. */
export type JsonSchema = Readonly<Record<string, unknown>>;

type Rule = (argument: never, value: unknown, judge: (schema: JsonSchema, value: unknown) => boolean) => boolean;

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isMap,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  null: (value) => value === null,
};

/** A keyword accepts all values of other kinds. */
const RULES: Readonly<Record<string, Rule>> = {
  type: (names: string | readonly string[], value) => [names].flat().some((name) => TYPES[name]!(value)),
  const: (only: unknown, value) => value === only,
  enum: (some: readonly unknown[], value) => some.includes(value),
  allOf: (schemas: readonly JsonSchema[], value, judge) => schemas.every((schema) => judge(schema, value)),
  anyOf: (schemas: readonly JsonSchema[], value, judge) => schemas.some((schema) => judge(schema, value)),
  minLength: (length: number, value) => typeof value !== 'string' || value.length >= length,
  maxLength: (length: number, value) => typeof value !== 'string' || value.length <= length,
  pattern: (source: string, value) => typeof value !== 'string' || new RegExp(source, 'u').test(value),
  minimum: (limit: number, value) => typeof value !== 'number' || value >= limit,
  maximum: (limit: number, value) => typeof value !== 'number' || value <= limit,
  minItems: (length: number, value) => !Array.isArray(value) || value.length >= length,
  items: (schema: JsonSchema, value, judge) => !Array.isArray(value) || value.every((item) => judge(schema, item)),
  required: (names: readonly string[], value) => !isMap(value) || names.every((name) => Object.hasOwn(value, name)),
  properties: (schemas: Readonly<Record<string, JsonSchema>>, value, judge) =>
    !isMap(value) ||
    Object.entries(schemas).every(([name, schema]) => !Object.hasOwn(value, name) || judge(schema, value[name])),
  propertyNames: (schema: JsonSchema, value, judge) =>
    !isMap(value) || Object.keys(value).every((name) => judge(schema, name)),
  // Here it is never combined with `properties`.
  additionalProperties: (schema: JsonSchema, value, judge) =>
    !isMap(value) || Object.values(value).every((property) => judge(schema, property)),
  // Only documentation.
  description: () => true,
  // Always combined with a pattern, which decides.
  format: () => true,
};

/**
 * Whether `value` conforms to `schema`, judged by nothing but the schema. `resolve` finds what a `$ref` points at.
 *
 * @throws Error for a keyword it does not know: it must not pass as one that allows everything.
 */
export function conforms(schema: JsonSchema, value: unknown, resolve: (ref: string) => JsonSchema): boolean {
  const judge = (inner: JsonSchema, innerValue: unknown): boolean => conforms(inner, innerValue, resolve);
  return Object.entries(schema).every(([keyword, argument]) => {
    if (keyword === '$ref') return judge(resolve(argument as string), value);
    const rule = RULES[keyword];
    if (rule === undefined) throw new Error(`unknown keyword ${keyword}`);
    return rule(argument as never, value, judge);
  });
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
