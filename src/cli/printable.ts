/** A name is the sender's: control characters in it would be obeyed by the terminal. */
export function printable(text: string, maxLength: number = Number.POSITIVE_INFINITY): string {
  return text.replace(/\p{C}/gu, '\uFFFD').slice(0, maxLength);
}
