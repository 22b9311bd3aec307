/** Where undici keeps the dispatcher of `setGlobalDispatcher`: in the first up to undici 6, in both from 7 on. */
const SLOTS = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')] as const;

const slots = globalThis as unknown as Readonly<Record<symbol, object | undefined>>;

/** What each slot last held, and whether that was the application's choice. */
const known = SLOTS.map(() => ({ dispatcher: undefined as object | undefined, isChosen: false }));

/**
 * Whether the application has set a dispatcher for all requests: a MockAgent in tests, a ProxyAgent, an Agent with a CA.
 * Node and every copy of undici put a plain `new Agent()` there when they are first used, and Node with `NODE_USE_ENV_PROXY` one
 * that follows the environment's proxies, as this package does without it: neither is a choice. Anything else counts as one, because
 * `fetch` is then right whatever it is.
 */
export function isDispatcherChosen(): boolean {
  return SLOTS.map((slot, at) => {
    const dispatcher = slots[slot];
    if (dispatcher !== known[at]!.dispatcher)
      known[at] = { dispatcher, isChosen: dispatcher !== undefined && !isPlainAgent(dispatcher) };
    return known[at]!.isChosen;
  }).includes(true);
}

/** The dispatcher that Node's `fetch` takes if it sees this realm's globals: undici 8 reads the second slot. */
export function globalDispatcher(): object | undefined {
  return slots[SLOTS[Number.parseInt(process.versions.undici ?? '', 10) >= 8 ? 1 : 0]];
}

function isPlainAgent(dispatcher: object): boolean {
  // How undici 8 shows to older readers what is in the second slot.
  if (dispatcher.constructor?.name === 'Dispatcher1Wrapper') return true;
  if (dispatcher.constructor?.name === 'EnvHttpProxyAgent' && usesEnvProxy()) return true;
  // Otherwise composed with interceptors, or patched by a test.
  const isUnchanged = read(dispatcher, 'dispatch') === read(Object.getPrototypeOf(dispatcher), 'dispatch');
  const options = internal(dispatcher, 'options');
  const isBare =
    typeof options === 'object' &&
    Object.values(options ?? {}).every((value) => value === undefined || value === Number.POSITIVE_INFINITY);
  return isUnchanged && isBare && isAgent(dispatcher);
}

function usesEnvProxy(): boolean {
  const { NODE_USE_ENV_PROXY, NODE_OPTIONS = '' } = process.env;
  return NODE_USE_ENV_PROXY === '1' || [...process.execArgv, ...NODE_OPTIONS.split(' ')].includes('--use-env-proxy');
}

/** Whether this is undici's Agent with undici's own factory. A minifier renames both, but keeps their shape. */
function isAgent(dispatcher: object): boolean {
  const factory = internal(dispatcher, 'factory');
  if (typeof factory !== 'function') return false;
  const isNamed = /^_?Agent\d*$/.test(dispatcher.constructor?.name) && /^defaultFactory\d*$/.test(factory.name);
  return isNamed || (DEFAULT_FACTORY.test(String(factory)) && prototypesOf(dispatcher) === AGENT_PROTOTYPES);
}

/** `(origin, options) => options && options.connections === 1 ? new Client(origin, options) : new Pool(origin, options)` */
const DEFAULT_FACTORY =
  /\(([\w$]+),([\w$]+)\)(?:=>|{return ?)\2&&(?:\2\.connections===1|1===\2\.connections)\?new [\w$]+\(\1,\2\):new [\w$]+\(\1,\2\)[;}]*$/;

/** Agent, DispatcherBase, Dispatcher, EventEmitter and Object, from undici 6 on. A subclass has one more. */
const AGENT_PROTOTYPES = 5;

function prototypesOf(object: object): number {
  const prototype: object | null = Object.getPrototypeOf(object);
  return prototype === null ? 0 : 1 + prototypesOf(prototype);
}

function read(from: object, name: PropertyKey): unknown {
  return (from as Record<PropertyKey, unknown>)[name];
}

/** What undici keeps under a symbol that it does not export. */
function internal(dispatcher: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(dispatcher).find((one) => one.description === description);
  return symbol && read(dispatcher, symbol);
}
