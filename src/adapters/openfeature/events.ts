import { callUser } from '../../core/user-call.js';
import type { EventLogger, ProviderEventEmitter } from './types.js';

type Handler = (details?: object) => unknown;

/** A provider's events. A handler that fails affects neither the other handlers nor the evaluation. */
export class ProviderEvents implements ProviderEventEmitter {
  readonly #handlers = new Map<string, readonly Handler[]>();
  #logger: EventLogger | undefined;

  emit(event: string, details?: object): void {
    const report = (): void => callUser(() => this.#logger?.error(`A handler of ${event} failed.`));
    for (const handler of this.#handlers.get(event) ?? []) callUser(() => handler(details), report);
  }

  // The lists are never changed: a handler may remove itself while it is called.
  addHandler(event: string, handler: (details?: never) => unknown): void {
    this.#handlers.set(event, [...this.getHandlers(event), handler as Handler]);
  }

  removeHandler(event: string, handler: (details?: never) => unknown): void {
    const handlers = this.getHandlers(event);
    const at = handlers.lastIndexOf(handler as Handler);
    if (at >= 0) handlers.splice(at, 1);
    this.#handlers.set(event, handlers);
  }

  removeAllHandlers(event?: string): void {
    if (event === undefined) this.#handlers.clear();
    else this.#handlers.delete(event);
  }

  getHandlers(event: string): Handler[] {
    return [...(this.#handlers.get(event) ?? [])];
  }

  setLogger(logger: EventLogger): this {
    this.#logger = logger;
    return this;
  }
}
