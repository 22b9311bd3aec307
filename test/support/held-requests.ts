import type { FetchLike } from '../../src/transport/transport.js';

export interface HeldRequests {
  readonly fetch: FetchLike;
  /** Lets the held requests go, and all later ones. */
  release(): void;
}

/** A `fetch` that holds requests with a text in their body until they are released, however long the test takes for the rest. */
export function holdRequestsWith(text: string): HeldRequests {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    fetch: async (url, init) => {
      if (init.body.includes(text)) await released;
      return fetch(url, init);
    },
    release,
  };
}
