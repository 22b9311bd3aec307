/** The hops of `X-Forwarded-For`. */
export interface Hops {
  /** The hop that a platform's front end appends: the peer that connected to it. */
  readonly last: string | undefined;
  /** The header without it; anyone can send these. */
  readonly before: string | undefined;
}

/** Separates the address that a platform's front end saw from those that the request brought along. */
export function splitHops(forwardedFor: string | null | undefined): Hops {
  if (!forwardedFor) return { last: undefined, before: undefined };
  const at = forwardedFor.lastIndexOf(',');
  return {
    last: forwardedFor.slice(at + 1).trim(),
    before: at < 0 ? undefined : forwardedFor.slice(0, at),
  };
}
