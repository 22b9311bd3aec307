import { UsageError } from './command.js';

/**
 * Checks the URL of a store before any driver sees it, and answers how it may be shown: without credentials.
 * @throws UsageError without a word of the URL in it
 */
export function showableUrl(option: string, text: string, schemes: readonly string[], example: string): string {
  // Without the slashes everything behind the colon is a path, user and password included.
  const url = /^\w+:\/\//.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !schemes.includes(url.protocol)) {
    throw new UsageError(
      `${option} must be a URL such as ${example}; special characters of a password are written as %40 and the like.`,
    );
  }
  // user:12/3@host is read as the host "user", the port 12 and a path with half of the password in it.
  if (/@/.test(url.pathname + url.search + url.hash) || url.pathname.includes(':')) {
    throw new UsageError(
      `${option} has an @ or a : behind its host: write / ? and # in a password as %2F, %3F and %23, and : in a name as %3A.`,
    );
  }
  return `${url.protocol}//${url.host}${url.pathname}`;
}
