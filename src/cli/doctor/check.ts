/** What was looked at, and what came of it. */
export interface Check {
  readonly check: string;
  readonly level: 'ok' | 'warning' | 'error';
  /** What was found and, unless all is well, what to do. Never a secret. */
  readonly message: string;
}

/**
 * Ends a command that has printed its checks.
 * @throws Error when one of them found an error
 */
export function failOnErrors(checks: readonly Check[]): void {
  const errors = checks.filter(({ level }) => level === 'error').length;
  if (errors > 0) throw new Error(`${errors} of ${checks.length} checks failed.`);
}

const SIGNS = { ok: '✓', warning: '!', error: '✗' } as const;

/** One line: the sign, what was looked at, what was found. */
export function checkLine({ check, level, message }: Check): string {
  return `${SIGNS[level]} ${check.padEnd(22)} ${message}`;
}
