/** A first-in-first-out queue whose every operation is O(1). */
export interface Queue<Item> {
  readonly size: number;
  push(item: Item): void;
  /** The item that {@link shift} would remove. */
  peek(): Item | undefined;
  shift(): Item | undefined;
}

/** A queue in an array with a moving head. */
export function createQueue<Item>(): Queue<Item> {
  let items: (Item | undefined)[] = [];
  let head = 0;
  return {
    get size() {
      return items.length - head;
    },
    push(item) {
      items.push(item);
    },
    peek: () => items[head],
    shift() {
      if (head === items.length) return undefined;
      const item = items[head];
      items[head] = undefined;
      head += 1;
      // Dropping the empty front only when it is most of the array keeps shifting O(1).
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}
