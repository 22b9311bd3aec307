import type { WaitUntil } from './options.js';

const VERCEL_CONTEXT = Symbol.for('@vercel/request-context');

/** Vercel keeps the current request's `waitUntil` in a global, in all its runtimes. */
export function vercelWaitUntil(): WaitUntil | undefined {
  const holder = (globalThis as { [VERCEL_CONTEXT]?: { get?: () => { waitUntil?: WaitUntil } | undefined } })[
    VERCEL_CONTEXT
  ];
  const context = holder?.get?.();
  return typeof context?.waitUntil === 'function' ? (promise) => context.waitUntil?.(promise) : undefined;
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
