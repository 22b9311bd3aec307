import { type Entry, identifiersOf } from './event.js';

/** Tells whether an entry must wait for one of some identifies. */
export interface Followers {
  (entry: Entry): boolean;
  /** Adds the identifies among the entries. */
  add(entries: readonly Entry[]): void;
}

export function followers(entries: readonly Entry[] = []): Followers {
  const people = new Set<string>();
  const add = (identifies: readonly Entry[]): void => {
    for (const entry of identifies) {
      if (entry.kind === 'identify') for (const identifier of identifiersOf(entry)) people.add(identifier);
    }
  };
  add(entries);
  return Object.assign(
    (entry: Entry) => people.size > 0 && identifiersOf(entry).some((identifier) => people.has(identifier)),
    { add },
  );
}

/** The entries that a condition picks together with all that must wait for an identify among them, and the others. */
export function partition(
  entries: readonly Entry[],
  isPicked: (entry: Entry) => boolean,
): readonly [picked: readonly Entry[], others: readonly Entry[]] {
  // Nearly always: none is picked, so none is behind one.
  if (!entries.some(isPicked)) return [[], entries];
  const picked: Entry[] = [];
  const others: Entry[] = [];
  const isBehind = followers();
  for (const entry of entries) {
    if (!isPicked(entry) && !isBehind(entry)) {
      others.push(entry);
      continue;
    }
    picked.push(entry);
    isBehind.add([entry]);
  }
  return [picked, others];
}
