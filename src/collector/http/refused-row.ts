// Longer than any name that is accepted helps nobody.
const MAX_NAME = 100;

// What a developer wrote, by what the wire calls it.
const OUR_WORDS: Readonly<Record<string, string>> = {
  'defaultProperties.sid': 'sessionId',
  'identityContext.ip': 'ip',
  'identityContext.userAgent': 'userAgent',
  visitor_id: 'userId',
  distinct_id: 'distinctId',
};

/** What was refused and why, for the page and the terminal: the event and the field as the caller of `track` knows them. */
export function describeRefusal(row: unknown, problem: string): string {
  const { event } = (typeof row === 'object' && row !== null ? row : {}) as { readonly event?: unknown };
  const [, path = '', rest = problem] = /^([\w.$]+)(:.*)$/s.exec(problem) ?? [];
  const field = Object.hasOwn(OUR_WORDS, path) ? OUR_WORDS[path] : path;
  const name = typeof event === 'string' && event !== '' ? event.slice(0, MAX_NAME) : 'an event without a name';
  return `${name}: ${field}${rest}`;
}
