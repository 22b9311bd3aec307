import { createContext, Script } from 'node:vm';

/** Tells whether a text contains what the pattern describes. */
export type Pattern = (text: string) => boolean;

/** [A] Hardly a page's address is longer; a longer text contains nothing. UTF-16 code units. */
export const MAX_MATCHED_LENGTH = 2048;

// A sound pattern needs microseconds, but a busy machine may take far longer. One that tries every way there is would keep the collector busy for years.
const MAX_MATCH_MS = 500;

const room = createContext({ source: '', text: '' });
const match = new Script(`new RegExp(source, 'u').test(text)`);

/**
 * Compiles a regular expression in JavaScript's notation with the flag `u`. Patterns come from whoever may post experiments
 * and texts from whoever visits: a match that takes too long is stopped, and counts as none.
 *
 * @throws SyntaxError for what is no regular expression; its message never repeats the pattern.
 */
export function compilePattern(source: string): Pattern {
  if (!isRegExp(source)) throw new SyntaxError('no regular expression');
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
  Object.assign(room, { source, text });
  try {
    // The only thing in Node that can stop a match under way.
    return match.runInContext(room, { timeout: MAX_MATCH_MS });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}
