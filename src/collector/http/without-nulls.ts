/** A body as the official SDK may send it: optional fields may be `null`. */
export type OrNull<Body> = {
  [Field in keyof Body]: undefined extends Optional<Body, Field> ? Nested<Body[Field]> | null : Body[Field];
};

/** `Body[Field]`, with `undefined` if the field is optional, even under exactOptionalPropertyTypes. */
type Optional<Body, Field extends keyof Body> =
  Record<never, never> extends Pick<Body, Field> ? Body[Field] | undefined : Body[Field];

/** Records are values: `null` in them clears a property. */
type Nested<Value> = Value extends object ? (string extends keyof Value ? Value : OrNull<Value>) : Value;

/** Removes the fields that are `null`. Returns the same object if there are none, as for most rows, because a copy is slow. */
export function withoutNulls<Body extends object>(body: OrNull<Body>): Body {
  if (!Object.values(body).includes(null)) return body as Body;
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)) as Body;
}
