/** What a row says of its person, wherever it comes from. */
export interface NamedRow {
  readonly userId?: unknown;
  readonly externalId?: unknown;
  readonly email?: unknown;
  readonly userProperties?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * The names of a row's person, each with its kind, such as `user:v-1`. Email addresses are compared without regard to case.
 *
 * [A] An email or external id among the user properties names the person, as the top-level fields do.
 */
export function personNames({ userId, externalId, email, userProperties }: NamedRow): string[] {
  const names: string[] = [];
  const add = (kind: string, name: unknown): void => {
    if (typeof name === 'string' && name !== '') names.push(`${kind}:${name}`);
  };
  add('user', userId);
  add('external', externalId);
  add('external', userProperties?.external_id);
  add('email', lowerCase(email));
  add('email', lowerCase(userProperties?.email));
  return names;
}

function lowerCase(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}
