/**
 * A string as the database keeps it. SQLite's drivers cut strings at a NUL and replace lone surrogates, so that an id would not be
 * found under the text it was sent with, and two sessions could look like one.
 */
export function toStoredText(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
