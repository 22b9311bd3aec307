import { UsageError } from './command.js';

/**
 * Checks the URL of a store before any driver sees it, and answers how it may be shown: without credentials.
 * @throws UsageError without a word of the URL in it
 */
export function showableUrl(option: string, text: string, schemes: readonly string[], example: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !schemes.includes(url.protocol)) {
    throw new UsageError(
      `${option} must be a URL such as ${example}; special characters of a password are written as %40 and the like.`,
    );
  }
  // user:12/3@host is read as the host "user", the port 12 and a path with half of the password in it.
  if (/@/.test(url.pathname + url.hash)) {
    throw new UsageError(`${option} has an @ behind its host: write / and # in a password as %2F and %23.`);
  }
  return `${url.protocol}//${url.host}${url.pathname}`;
}
