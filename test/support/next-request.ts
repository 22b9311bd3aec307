import { AsyncLocalStorage } from 'node:async_hooks';

/** Calls `work` in a request of Next.js's App Router, so that `headers()` and `cookies()` of `next/headers` work. */
export async function inNextRequest<Result>(headers: Headers, work: () => Promise<Result>): Promise<Result> {
  // Next.js's own server sets it before it loads the modules below.
  (globalThis as { AsyncLocalStorage?: unknown }).AsyncLocalStorage ??= AsyncLocalStorage;
  const { workAsyncStorage } = await import('next/dist/server/app-render/work-async-storage.external.js');
  const { workUnitAsyncStorage } = await import('next/dist/server/app-render/work-unit-async-storage.external.js');
  const { HeadersAdapter } = await import('next/dist/server/web/spec-extension/adapters/headers.js');
  const { RequestCookiesAdapter } = await import('next/dist/server/web/spec-extension/adapters/request-cookies.js');
  const { RequestCookies } = await import('next/dist/server/web/spec-extension/cookies.js');
  const page = { route: '/', forceStatic: false, dynamicShouldError: false };
  const request = {
    type: 'request',
    phase: 'render',
    headers: HeadersAdapter.seal(headers),
    cookies: RequestCookiesAdapter.seal(new RequestCookies(headers)),
  };
  return workAsyncStorage.run(page as never, () => workUnitAsyncStorage.run(request as never, work));
}
