import type { WaitUntil } from './options.js';

/** Where our adapters keep the current request's scope. A registered symbol: adapters and client may be separate copies. */
export const REQUEST_SCOPE: unique symbol = Symbol.for('ours-ingest.request-scope');

// Where the current request's `waitUntil` is found: with the adapter around it, then with the platform, in all its runtimes:
// Vercel, and whoever hosts Next.js elsewhere
// (https://nextjs.org/docs/app/api-reference/functions/after#platform-support).
const CONTEXTS = [REQUEST_SCOPE, Symbol.for('@vercel/request-context'), Symbol.for('@next/request-context')];

/** The two shapes of a current context: Node's AsyncLocalStorage and the platforms'. */
interface Holder {
  getStore?(): Waiting | undefined;
  get?(): Waiting | undefined;
}

interface Waiting {
  waitUntil?: WaitUntil | undefined;
}

/** The current request's `waitUntil`: what the adapter around it knows, or what the platform says by itself. */
export function foundWaitUntil(): WaitUntil | undefined {
  const globals = globalThis as { readonly [context: symbol]: Holder | undefined };
  for (const key of CONTEXTS) {
    const holder = globals[key];
    const context = holder?.getStore?.() ?? holder?.get?.();
    const waitUntil = context?.waitUntil;
    if (typeof waitUntil === 'function') return waitUntil.bind(context);
  }
  return undefined;
}
