/** Keeps a serverless function alive until the promise has settled, as `ctx.waitUntil` does. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/**
 * Where our adapters keep the scope of the current request. A registered symbol, because adapters and client may be separate
 * copies.
 */
export const REQUEST_SCOPE: unique symbol = Symbol.for('ours-ingest.request-scope');

// Where to find the current request: first our adapter, then the platform, which is Vercel or another host of Next.js
// (https://nextjs.org/docs/app/api-reference/functions/after#platform-support).
const CONTEXTS = [REQUEST_SCOPE, Symbol.for('@vercel/request-context'), Symbol.for('@next/request-context')];

/** The two shapes of a context: Node's AsyncLocalStorage and that of the platforms. */
interface Holder {
  getStore?(): Waiting | undefined;
  get?(): Waiting | null | undefined;
}

interface Waiting {
  waitUntil?: WaitUntil | undefined;
}

/** The first context of the current request that fulfils a condition. */
function currentContext(fits: (context: Waiting) => boolean): Waiting | undefined {
  const globals = globalThis as { readonly [context: symbol]: Holder | undefined };
  for (const key of CONTEXTS) {
    const holder = globals[key];
    const context = holder?.getStore?.() ?? holder?.get?.();
    if (context && fits(context)) return context;
  }
  return undefined;
}

/** An object that identifies the current request; `undefined` outside of requests. */
export function currentRequest(): object | undefined {
  const context = currentContext(() => true);
  // OpenNext creates a new context for each lookup, with the same content.
  return context === currentContext(() => true) ? context : context?.waitUntil;
}

/** The `waitUntil` of the current request. */
export function foundWaitUntil(): WaitUntil | undefined {
  const context = currentContext(({ waitUntil }) => typeof waitUntil === 'function');
  return context?.waitUntil?.bind(context);
}
