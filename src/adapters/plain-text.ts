// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

/**
 * What a stranger has sent, if it can be an id, a name or an address: text that is neither empty nor longer than `maxLength`
 * UTF-16 code units, without control characters. Anything else is nothing: cut or cleaned it would name somebody else.
 */
export function plainText(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > maxLength) return undefined;
  return CONTROL_CHARACTERS.test(value) ? undefined : value;
}
