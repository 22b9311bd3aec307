import type { FetchLike } from '../../src/transport/transport.js';

export interface HeldRequests {
  readonly fetch: FetchLike;
  /** How many requests were held so far. */
  readonly count: number;
  /** Lets the held requests go, and all later ones. */
  release(): void;
}

/** A `fetch` that holds requests with a text in their body until they are released, however long the test takes for the rest. */
export function holdRequestsWith(text: string): HeldRequests {
  let count = 0;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    fetch: async (url, init) => {
      if (init.body.includes(text)) {
        count += 1;
        await released;
      }
      return fetch(url, init);
    },
    get count() {
      return count;
    },
    release,
  };
}
