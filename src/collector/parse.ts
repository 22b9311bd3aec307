import type { z } from 'zod';

// Property names come from the sender and may be long; a message only has to let them be recognised.
const MAX_PATH_IN_MESSAGE = 100;
const MAX_MESSAGE = 200;

/** What was sent, as its schema has it, or the first thing that is wrong with it in one line. */
export type Parsed<Data> =
  | { readonly data: Data; readonly problem?: undefined }
  | { readonly problem: string; readonly data?: undefined };

/** Holds what was sent against a schema. The problem names the field and never the value, which may be personal. */
export function parse<Data>(schema: z.ZodType<Data>, input: unknown): Parsed<Data> {
  let parsed: z.ZodSafeParseResult<Data>;
  try {
    parsed = schema.safeParse(input);
  } catch {
    // zod compares the `length` of whatever has one, and an object's own may be no number at all.
    return { problem: 'a field is of the wrong type' };
  }
  return parsed.success ? { data: parsed.data } : { problem: describe(parsed.error) };
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'invalid';
  const path = issue.path.map(String).join('.').slice(0, MAX_PATH_IN_MESSAGE);
  const message = issue.message.slice(0, MAX_MESSAGE);
  return path === '' ? message : `${path}: ${message}`;
}
