import { z } from 'zod';

/**
 * What `schema` takes, as JSON Schema (2020-12).
 *
 * @throws Error for a rule that is a function without a word in `meta` about what it is in JSON Schema: zod would leave it out,
 * and a description with a gap passes for the whole truth.
 */
export function toJsonSchema(schema: z.ZodType): object {
  // By path: zod visits the schema before its `meta` and the one after it, and the latter speaks for both.
  const silent = new Map<string, boolean>();
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: ({ zodSchema }) => (zodSchema._zod.def.type === 'custom' ? 'any' : 'throw'),
    override({ zodSchema, path }) {
      if (!isFunction(zodSchema)) return;
      const place = path.join('.');
      silent.set(place, !z.globalRegistry.has(zodSchema) && (silent.get(place) ?? true));
    },
  });
  for (const [place, isSilent] of silent) {
    if (isSilent) throw new Error(`The rule at "${place}" is a function: say in its meta what it is in JSON Schema.`);
  }
  return described;
}

function isFunction({ _zod: { def } }: z.core.$ZodTypes): boolean {
  return def.type === 'custom' || (def.checks ?? []).some((check) => check._zod.def.check === 'custom');
}
