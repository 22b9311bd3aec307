/**
 * Tells whether a page is one of `globs`: `*` stands for anything within a path segment, `**` for anything at all.
 *
 * A glob that starts with `/` is held against the path, any other against the whole address. Query and fragment never
 * take part [A]. No globs means every page, and an unknown page is none.
 */
export function isTargeted(globs: readonly string[], url: string | undefined): boolean {
  if (globs.length === 0) return true;
  if (url === undefined) return false;
  const address = url.replace(/[?#].*$/s, '');
  const path = address.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '') || '/';
  return globs.some((glob) => toPattern(glob).test(glob.startsWith('/') ? path : address));
}

function toPattern(glob: string): RegExp {
  const source = glob.replace(/\*+|[.+?^${}()|[\]\\]/g, (token) => {
    if (!token.startsWith('*')) return `\\${token}`;
    return token.length > 1 ? '.*' : '[^/]*';
  });
  return new RegExp(`^${source}$`, 's');
}
