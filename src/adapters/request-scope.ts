import { AsyncLocalStorage } from 'node:async_hooks';
import type { Visitor } from '../client/visitor.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import { REQUEST_SCOPE } from '../runtime/wait-until.js';

/** What is known wherever a request is worked on. */
export interface RequestScope<TheVisitor = unknown> {
  readonly visitor: TheVisitor;
  /** Keeps the function alive beyond the answer; the client looks for it here. */
  readonly waitUntil: WaitUntil | undefined;
}

// One for the whole process: every subpath, and the CommonJS build beside the ES modules, may be another copy of this module.
const globals = globalThis as { [REQUEST_SCOPE]?: AsyncLocalStorage<RequestScope> };
globals[REQUEST_SCOPE] ??= new AsyncLocalStorage();
const scopes = globals[REQUEST_SCOPE];

/** Calls `work` as part of the request. */
export function runInScope<Result>(scope: RequestScope, work: () => Result): Result {
  return scopes.run(scope, work);
}

export function currentScope(): RequestScope | undefined {
  return scopes.getStore();
}

/**
 * The visitor of the request that is being worked on, or `undefined` outside of one. `currentVisitor<typeof events>()` where
 * the client has a catalogue.
 */
export function currentVisitor<Catalog extends EventCatalog = EventCatalog>(): Visitor<Catalog> | undefined {
  return scopes.getStore()?.visitor as Visitor<Catalog> | undefined;
}

/** `call`, as part of the request wherever it is called, also where its scope has been lost. */
export function within<Given extends readonly unknown[], Result>(
  scope: RequestScope,
  call: (...given: Given) => Result,
): (...given: Given) => Result {
  return (...given) => scopes.run(scope, call, ...given);
}
