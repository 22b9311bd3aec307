import { z } from 'zod';

/**
 * Converts `schema` to JSON Schema (2020-12).
 *
 * @throws Error for a rule that is a function without its JSON Schema in `meta`: zod would leave it out undescribedly.
 */
export function toJsonSchema(schema: z.ZodType): object {
  // By path: zod visits the schema without and with its `meta`, and the second visit decides.
  const undescribed = new Map<string, boolean>();
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: ({ zodSchema }) => (zodSchema._zod.def.type === 'custom' ? 'any' : 'throw'),
    override({ zodSchema, path }) {
      if (!isFunction(zodSchema)) return;
      const place = path.join('.');
      undescribed.set(place, !z.globalRegistry.has(zodSchema) && (undescribed.get(place) ?? true));
    },
  });
  for (const [place, isUndescribed] of undescribed) {
    if (isUndescribed) throw new Error(`The rule at "${place}" is a function: describe it as JSON Schema in its meta.`);
  }
  return described;
}

function isFunction({ _zod: { def } }: z.core.$ZodTypes): boolean {
  return def.type === 'custom' || (def.checks ?? []).some((check) => check._zod.def.check === 'custom');
}
