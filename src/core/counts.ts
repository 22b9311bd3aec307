const counts = new Intl.NumberFormat('en');

/** 1204 → 1,204 */
export function count(value: number): string {
  return counts.format(value);
}

/** 1 event, 1,204 events */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
