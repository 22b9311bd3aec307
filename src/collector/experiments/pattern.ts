import { createContext, Script } from 'node:vm';

/** Returns whether a string contains a match. */
export type Pattern = (text: string) => boolean;

/** [A] Longer than almost any URL. A longer string never matches. UTF-16 code units. */
export const MAX_MATCHED_LENGTH = 2048;

// A good pattern needs microseconds, with a margin for busy machines. Catastrophic backtracking could take years.
const MAX_MATCH_MS = 500;

const context = createContext({ source: '', text: '' });
const match = new Script(`new RegExp(source, 'u').test(text)`);

/**
 * Compiles a JavaScript regular expression with the flag `u`. Patterns come from authors of experiments and strings from
 * visitors, so a match that takes too long is aborted and counts as no match.
 *
 * @throws SyntaxError for an invalid regular expression, without the pattern.
 */
export function compilePattern(source: string): Pattern {
  if (!isRegExp(source)) throw new SyntaxError('not a valid regular expression');
  return (text) => text.length <= MAX_MATCHED_LENGTH && matchInTime(source, text);
}

function isRegExp(source: string): boolean {
  try {
    return new RegExp(source, 'u').unicode;
  } catch {
    return false;
  }
}

function matchInTime(source: string, text: string): boolean {
  Object.assign(context, { source, text });
  try {
    // The only way in Node to abort a running match.
    return match.runInContext(context, { timeout: MAX_MATCH_MS });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}
