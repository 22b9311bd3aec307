type Counts = Readonly<Record<string, number>>;

/** Compares counts by key. A count of 0 equals a missing one. */
export function diffCounts(what: string, expected: Counts, actual: Counts): string[] {
  const keys = [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort();
  return keys.flatMap((key) => diffValue(`${what} of ${key}`, expected[key] ?? 0, actual[key] ?? 0));
}

/** Compares lists by index. */
export function diffList(what: string, expected: readonly string[], actual: readonly string[]): string[] {
  const length = Math.max(expected.length, actual.length);
  return Array.from({ length }, (_, i) => diffValue(`${what} ${i + 1}`, expected[i], actual[i])).flat();
}

/** Compares sets: order and repetitions are ignored. */
export function diffSet(what: string, expected: readonly string[], actual: readonly string[]): string[] {
  return [
    ...[...new Set(expected)].filter((one) => !actual.includes(one)).map((one) => `${what}: ${one} is missing`),
    ...[...new Set(actual)].filter((one) => !expected.includes(one)).map((one) => `${what}: ${one} is too much`),
  ];
}

/** Compares numbers. A difference of exactly the tolerance is accepted. */
export function diffNumber(what: string, expected: number, actual: number, tolerance: number): string[] {
  const difference = Math.abs(actual - expected);
  // NaN differs from everything.
  if (difference <= tolerance) return [];
  return [`${what}: expected ${expected}, got ${actual} (off by ${difference.toExponential(1)})`];
}

function diffValue(what: string, expected: unknown, actual: unknown): string[] {
  return expected === actual ? [] : [`${what}: expected ${expected ?? 'none'}, got ${actual ?? 'none'}`];
}
