import type { z } from 'zod';

// Property names come from the sender and may be long; a message only has to let them be recognised.
const MAX_PATH_IN_MESSAGE = 100;
const MAX_MESSAGE = 200;

/** The most problems to report at once. */
const MAX_PROBLEMS = 20;

/** The parsed data, or the first problem and all problems, one line each. */
export type Parsed<Data> =
  | { readonly data: Data; readonly problem?: undefined; readonly problems?: undefined }
  | { readonly problem: string; readonly problems: readonly string[]; readonly data?: undefined };

/** Parses input with a schema. A problem names the field and never the value, which may be personal data. */
export function parse<Data>(schema: z.ZodType<Data>, input: unknown): Parsed<Data> {
  let parsed: z.ZodSafeParseResult<Data>;
  try {
    parsed = schema.safeParse(input);
  } catch {
    // zod reads `length` of any object that has one, even if it is not a number.
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
