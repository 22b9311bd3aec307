import { AsyncLocalStorage } from 'node:async_hooks';
import type { Visitor } from '../client/visitor.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import { REQUEST_SCOPE } from '../runtime/wait-until.js';

/** What is known anywhere within a request. */
export interface RequestScope<TheVisitor = unknown> {
  readonly visitor: TheVisitor;
  /** Keeps the function alive after the response; the client looks for it here. */
  readonly waitUntil: WaitUntil | undefined;
}

// One for the process: each subpath, in ESM and in CommonJS, may have its own copy of this module.
const globals = globalThis as { [REQUEST_SCOPE]?: AsyncLocalStorage<RequestScope> };
globals[REQUEST_SCOPE] ??= new AsyncLocalStorage();
const scopes = globals[REQUEST_SCOPE];

export function runInScope<Result>(scope: RequestScope, work: () => Result): Result {
  return scopes.run(scope, work);
}

export function currentScope(): RequestScope | undefined {
  return scopes.getStore();
}

/**
 * The visitor of the current request; `undefined` outside a request, and in listeners of the request's own events
 * (`request.on('end', …)`), which Node calls outside of it: use the request's `visitor` there. With an event catalogue:
 * `currentVisitor<typeof events>()`.
 */
export function currentVisitor<Catalog extends EventCatalog = EventCatalog>(): Visitor<Catalog> | undefined {
  return scopes.getStore()?.visitor as Visitor<Catalog> | undefined;
}

/** `call`, bound to the request's scope, even where the asynchronous context was lost. */
export function bindToScope<Given extends readonly unknown[], Result>(
  scope: RequestScope,
  call: (...given: Given) => Result,
): (...given: Given) => Result {
  return (...given) => scopes.run(scope, call, ...given);
}
