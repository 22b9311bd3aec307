// Enough to recognise the event.
const MAX_NAME = 100;

// The names that developers use, by their names on the wire.
const OUR_WORDS: Readonly<Record<string, string>> = {
  'defaultProperties.sid': 'sessionId',
  'identityContext.ip': 'ip',
  'identityContext.userAgent': 'userAgent',
  visitor_id: 'userId',
  distinct_id: 'distinctId',
};

/** Describes a refusal for the page and the terminal, with the field names of `track`. */
export function describeRefusal(row: unknown, problem: string): string {
  const { event } = (typeof row === 'object' && row !== null ? row : {}) as { readonly event?: unknown };
  const [, path = '', rest = problem] = /^([\w.$]+)(:.*)$/s.exec(problem) ?? [];
  const field = Object.hasOwn(OUR_WORDS, path) ? OUR_WORDS[path] : path;
  const name = typeof event === 'string' && event !== '' ? event.slice(0, MAX_NAME) : 'an unnamed event';
  return `${name}: ${field}${rest}`;
}
