/** The result of one check. */
export interface Check {
  readonly check: string;
  readonly level: 'ok' | 'warning' | 'error';
  /** What was found, with advice unless it is ok. Never a secret. */
  readonly message: string;
}

/**
 * Ends a command after it has printed its checks.
 * @throws Error when a check failed
 */
export function failOnErrors(checks: readonly Check[]): void {
  const errors = checks.filter(({ level }) => level === 'error').length;
  if (errors > 0) throw new Error(`${errors} of ${checks.length} checks failed.`);
}

const SIGNS = { ok: '✓', warning: '!', error: '✗' } as const;

/** Formats a check as one line. */
export function checkLine({ check, level, message }: Check): string {
  return `${SIGNS[level]} ${check.padEnd(22)} ${message}`;
}
