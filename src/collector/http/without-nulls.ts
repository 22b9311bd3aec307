/** A body as the official SDK may send it: what may be left out may be `null`. */
export type OrNull<Body> = {
  [Field in keyof Body]: undefined extends Optional<Body, Field> ? Nested<Body[Field]> | null : Body[Field];
};

/** `Body[Field]` with `undefined` if the field may be left out, whatever exactOptionalPropertyTypes says. */
type Optional<Body, Field extends keyof Body> =
  Record<never, never> extends Pick<Body, Field> ? Body[Field] | undefined : Body[Field];

/** Maps of names are values; their nulls clear. */
type Nested<Value> = Value extends object ? (string extends keyof Value ? Value : OrNull<Value>) : Value;

/** A body without the fields that are `null`, which say what a missing field says. */
export function withoutNulls<Body extends object>(body: OrNull<Body>): Body {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)) as Body;
}
