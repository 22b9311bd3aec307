/** `decodeURIComponent`; `undefined` for a text that is not encoded as it expects. */
export function decodeComponent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
