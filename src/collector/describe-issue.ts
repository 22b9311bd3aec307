import type { z } from 'zod';

// Property names come from the sender and may be long; a message only has to let them be recognised.
const MAX_PATH_IN_MESSAGE = 100;
const MAX_MESSAGE = 200;

/** The first thing that is wrong, in one line; never the value, which may be personal. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'invalid';
  const path = issue.path.map(String).join('.').slice(0, MAX_PATH_IN_MESSAGE);
  const message = issue.message.slice(0, MAX_MESSAGE);
  return path === '' ? message : `${path}: ${message}`;
}
