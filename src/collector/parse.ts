import type { z } from 'zod';

// Property names come from the sender and may be long; a message only has to let them be recognised.
const MAX_PATH_IN_MESSAGE = 100;
const MAX_MESSAGE = 200;

/** More wrong things than a person mends at once. */
const MAX_PROBLEMS = 20;

/** What was sent, as its schema has it, or what is wrong with it: the first thing in one line, and all of them. */
export type Parsed<Data> =
  | { readonly data: Data; readonly problem?: undefined; readonly problems?: undefined }
  | { readonly problem: string; readonly problems: readonly string[]; readonly data?: undefined };

/** Holds what was sent against a schema. The problem names the field and never the value, which may be personal. */
export function parse<Data>(schema: z.ZodType<Data>, input: unknown): Parsed<Data> {
  let parsed: z.ZodSafeParseResult<Data>;
  try {
    parsed = schema.safeParse(input);
  } catch {
    // zod compares the `length` of whatever has one, and an object's own may be no number at all.
    const problem = 'a field is of the wrong type';
    return { problem, problems: [problem] };
  }
  if (parsed.success) return { data: parsed.data };
  const [problem = 'invalid', ...others] = parsed.error.issues.slice(0, MAX_PROBLEMS).map(describe);
  return { problem, problems: [problem, ...others] };
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join('.').slice(0, MAX_PATH_IN_MESSAGE);
  const message = issue.message.slice(0, MAX_MESSAGE);
  return path === '' ? message : `${path}: ${message}`;
}
