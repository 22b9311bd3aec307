import fc from 'fast-check';

/** Values whose every use may fail. Made on demand: a generator that touched them would fail itself. */
const MEAN: readonly (() => unknown)[] = [
  () => Symbol('symbol'),
  () => () => 1,
  () => new Date(Number.NaN),
  () => Object(1n),
  () => ({ list: [10n, { deep: -1n }] }),
  () => ({
    get boom(): never {
      throw new Error('getter');
    },
  }),
  () => ({
    toJSON() {
      throw new Error('toJSON');
    },
  }),
  () => ({
    get toJSON(): never {
      throw new Error('toJSON getter');
    },
  }),
  () => ({ toJSON: () => 10n }),
  () => ({ toJSON: () => ({ deep: 1n }) }),
  () => ({
    toJSON() {
      return this;
    },
  }),
  () => {
    const cycle: Record<string, unknown> = { list: [] };
    cycle.self = cycle;
    (cycle.list as unknown[]).push(cycle);
    return cycle;
  },
  () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  () =>
    new Proxy(
      {},
      {
        get() {
          throw new Error('trap');
        },
      },
    ),
  () =>
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('trap');
        },
      },
    ),
  () => {
    let deep: unknown = 'bottom';
    for (let depth = 0; depth < 20_000; depth += 1) deep = [deep];
    return deep;
  },
  () => '\ud800 lone',
  () => 'x'.repeat(100_000),
  () => Object.create(null),
];

/** Makes a value that may be anything at all. */
export function hostileValue(): fc.Arbitrary<() => unknown> {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  return fc.oneof(
    anything.map((value) => () => value),
    fc.constantFrom(...MEAN),
  );
}

/** Makes an object whose values may be anything; under the given names if there are any. */
export function hostileMap(...names: readonly string[]): fc.Arbitrary<() => Record<string, unknown>> {
  const name = names.length > 0 ? fc.constantFrom(...names) : fc.string();
  return fc.array(fc.tuple(name, hostileValue()), { maxLength: 8 }).map((pairs) => () => {
    const map: Record<string, unknown> = {};
    // Defined, not assigned: under `__proto__` it is a value like any other, as JSON.parse makes it.
    for (const [key, make] of pairs) {
      Object.defineProperty(map, key, { value: make(), enumerable: true, configurable: true });
    }
    return map;
  });
}
