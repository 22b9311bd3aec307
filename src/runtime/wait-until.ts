/** Keeps a serverless function alive until the promise has settled, as `ctx.waitUntil` does. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/** Where our adapters keep the current request's scope. A registered symbol: adapters and client may be separate copies. */
export const REQUEST_SCOPE: unique symbol = Symbol.for('ours-ingest.request-scope');

// Where the current request is known: with the adapter around it, then with the platform, in all its runtimes:
// Vercel, and whoever hosts Next.js elsewhere
// (https://nextjs.org/docs/app/api-reference/functions/after#platform-support).
const CONTEXTS = [REQUEST_SCOPE, Symbol.for('@vercel/request-context'), Symbol.for('@next/request-context')];

/** The two shapes of a current context: Node's AsyncLocalStorage and the platforms'. */
interface Holder {
  getStore?(): Waiting | undefined;
  get?(): Waiting | null | undefined;
}

interface Waiting {
  waitUntil?: WaitUntil | undefined;
}

/** The first that knows the current request, and that will do. */
function currentContext(willDo: (context: Waiting) => boolean): Waiting | undefined {
  const globals = globalThis as { readonly [context: symbol]: Holder | undefined };
  for (const key of CONTEXTS) {
    const holder = globals[key];
    const context = holder?.getStore?.() ?? holder?.get?.();
    if (context && willDo(context)) return context;
  }
  return undefined;
}

/** Something that the current request alone has; `undefined` outside of one. */
export function currentRequest(): object | undefined {
  const context = currentContext(() => true);
  // OpenNext makes the context anew at each look, but not what is in it.
  return context === currentContext(() => true) ? context : context?.waitUntil;
}

/** The current request's `waitUntil`. */
export function foundWaitUntil(): WaitUntil | undefined {
  const context = currentContext(({ waitUntil }) => typeof waitUntil === 'function');
  return context?.waitUntil?.bind(context);
}
