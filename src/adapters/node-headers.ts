/** Headers as Node's `http` has them: by names in lower case, joined already but for `set-cookie`. */
export type NodeHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export function nodeHeader(headers: NodeHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value.join(', ') : value;
}
