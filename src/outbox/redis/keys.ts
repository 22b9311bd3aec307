/**
 * Where an outbox lies. The name in braces is the hash tag of every key: a cluster keeps them all on one node, so that one
 * script may use them.
 *
 *   stream        the entries that are not settled; the pending list of its one group says who holds which
 *   ids           distinctId → id in the stream
 *   ends          consumer of the group, scored by when its lease or its delay ends
 *   identifies    `person:position` of every identify in the stream
 *   totals        `position` and `time` of the last append, `bytes` of the bodies in the stream
 *   letters       distinctId → dead letter
 *   letter-order  distinctId, scored by the position at which the letter was put aside
 */
const PARTS = ['stream', 'ids', 'ends', 'identifies', 'totals', 'letters', 'letter-order'];

export const DEFAULT_NAME = 'ours-outbox';

export interface Keys {
  /** In the order in which the scripts name them. */
  readonly shared: readonly string[];
  /** Remembers the last commit of one process. */
  lastCommit(writer: string): string;
}

export function keysOf(name: string): Keys {
  const key = (part: string): string => `{${name}}:${part}`;
  return { shared: PARTS.map(key), lastCommit: (writer) => key(`commit:${writer}`) };
}
