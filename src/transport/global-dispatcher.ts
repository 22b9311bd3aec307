/** Where undici keeps the dispatcher of `setGlobalDispatcher`: in the first up to undici 6, in both from 7 on. */
const SLOTS = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')] as const;

const slots = globalThis as unknown as Readonly<Record<symbol, object | undefined>>;

/** What each slot last held, and whether that was the application's choice. */
const known = SLOTS.map(() => ({ dispatcher: undefined as object | undefined, isChosen: false }));

/**
 * Whether the application has set a dispatcher for all requests: a MockAgent in tests, a ProxyAgent, an Agent with a CA.
 * Node and every copy of undici put a plain `new Agent()` there when they are first used, which is no choice. What cannot be
 * recognised as one is taken for a choice: going through `fetch` is then right whatever it is.
 *
 * @param plain a `new Agent()` of our own copy of undici, to recognise others where a bundler has renamed the classes
 */
export function isDispatcherChosen(plain: object): boolean {
  return SLOTS.map((slot, at) => {
    const dispatcher = slots[slot];
    if (dispatcher !== known[at]!.dispatcher)
      known[at] = { dispatcher, isChosen: dispatcher !== undefined && !isDefault(dispatcher, plain) };
    return known[at]!.isChosen;
  }).includes(true);
}

/** The dispatcher that Node's `fetch` takes if it sees this realm's globals: undici 8 reads the second slot. */
export function globalDispatcher(): object | undefined {
  return slots[SLOTS[Number.parseInt(process.versions.undici ?? '', 10) >= 8 ? 1 : 0]];
}

function isDefault(dispatcher: object, plain: object): boolean {
  // How undici 8 shows to older readers what is in the second slot.
  if (dispatcher.constructor?.name === 'Dispatcher1Wrapper') return true;
  const isAgent = dispatcher.constructor === plain.constructor || /^_?Agent$/.test(dispatcher.constructor?.name);
  // Otherwise composed with interceptors, or patched by a test.
  const isUnchanged = read(dispatcher, 'dispatch') === read(Object.getPrototypeOf(dispatcher), 'dispatch');
  const factory = internal(dispatcher, 'factory');
  const hasUsualFactory =
    factory === internal(plain, 'factory') || (factory as { name?: string } | undefined)?.name === 'defaultFactory';
  const options = internal(dispatcher, 'options');
  const isBare =
    typeof options === 'object' &&
    Object.values(options ?? {}).every((value) => value === undefined || value === Number.POSITIVE_INFINITY);
  return isAgent && isUnchanged && hasUsualFactory && isBare;
}

function read(from: object, name: PropertyKey): unknown {
  return (from as Record<PropertyKey, unknown>)[name];
}

/** What undici keeps under a symbol that it does not export. */
function internal(dispatcher: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(dispatcher).find((one) => one.description === description);
  return symbol && read(dispatcher, symbol);
}
