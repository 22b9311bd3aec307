import { type CommandContext, UsageError } from '../command.js';

/**
 * The password of the pages: the option, the environment variable, or what the person types.
 *
 * @param isLocal whether only this machine can reach the collector; it needs no password then, and nobody is asked
 * @throws UsageError when there is none and it is needed
 */
export async function readPassword(
  given: string | undefined,
  isLocal: boolean,
  { env, askSecret }: CommandContext,
): Promise<string | undefined> {
  const password = given ?? (env.OURS_DEV_PASSWORD || undefined);
  if (password !== undefined || isLocal) return password;
  const typed = await askSecret?.('Password for the pages: ');
  if (typed) return typed;
  throw new UsageError(
    'other machines can reach the pages, which show personal data: set OURS_DEV_PASSWORD, or give --password.',
  );
}
