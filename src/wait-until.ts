import type { WaitUntil } from './options.js';

// Where platforms keep the current request's `waitUntil`, in all their runtimes: Vercel, and whoever hosts Next.js elsewhere
// (https://nextjs.org/docs/app/api-reference/functions/after#platform-support).
const PLATFORM_CONTEXTS = [Symbol.for('@vercel/request-context'), Symbol.for('@next/request-context')];

/** Where our adapters keep the current request's scope. A registered symbol: adapters and client may be separate copies. */
export const REQUEST_SCOPE: unique symbol = Symbol.for('ours-ingest.request-scope');

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
  let found = bound(globals[REQUEST_SCOPE]?.getStore?.());
  for (const context of PLATFORM_CONTEXTS) found ??= bound(globals[context]?.get?.());
  return found;
}

function bound(context: Waiting | undefined): WaitUntil | undefined {
  const waitUntil = context?.waitUntil;
  return typeof waitUntil === 'function' ? (promise) => waitUntil.call(context, promise) : undefined;
}

// Variables that only these hosts set, and that they always set.
const FREEZING_HOSTS = {
  AWS_LAMBDA_FUNCTION_NAME: 'AWS Lambda',
  VERCEL: 'Vercel',
  NETLIFY: 'Netlify',
  FUNCTIONS_WORKER_RUNTIME: 'Azure Functions',
  FUNCTION_TARGET: 'Google Cloud Functions',
} as const;

/** The host, when it is known to freeze a process as soon as it has answered. */
export function freezingHost(env: Readonly<Record<string, string | undefined>>): string | undefined {
  for (const [name, host] of Object.entries(FREEZING_HOSTS)) if (env[name]) return host;
  return undefined;
}
