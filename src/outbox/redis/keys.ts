/**
 * The keys of an outbox. The name in braces is the hash tag of every key: a cluster keeps them all on one node, so that one
 * script can use them.
 *
 *   stream        the unsettled entries; the pending list of its one group says which consumer holds which
 *   ids           distinctId → stream id
 *   ends          consumer of the group, scored by when its lease or delay ends
 *   identifies    `person:position` of every identify in the stream
 *   totals        `position` and `time` of the last append, `bytes` of the bodies in the stream, the clock, the incarnation
 *   letters       distinctId → dead letter
 *   letter-order  distinctId, scored by the position at which it became a dead letter
 */
const PARTS = ['stream', 'ids', 'ends', 'identifies', 'totals', 'letters', 'letter-order'];

export const DEFAULT_NAME = 'ours-outbox';

export interface Keys {
  /** In the order of the scripts' variables. */
  readonly shared: readonly string[];
  /** Holds the last commit of one process. */
  lastCommit(writer: string): string;
}

export function keysOf(name: string): Keys {
  const key = (part: string): string => `{${name}}:${part}`;
  return { shared: PARTS.map(key), lastCommit: (writer) => key(`commit:${writer}`) };
}
