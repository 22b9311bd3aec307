import type { Visitor } from '../client/visitor.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { SessionState } from '../protocol/session.js';
import type { ReadVisitor } from './read-visitor.js';
import { type RequestScope, within } from './request-scope.js';

// `track` is generic, and its wrapper is called as it is.
type Call = (...given: unknown[]) => unknown;

/** Reads a visitor when it is first asked, and keeps it. */
export interface VisitorSource<Catalog extends EventCatalog> extends RequestScope<Visitor<Catalog>> {
  /** Who it is, by the request alone. */
  readonly read: ReadVisitor;
  /** The client's own visitor, which can do all there is. */
  open(): Visitor<Catalog>;
}

/**
 * A visitor who is read from the request when first asked for. Shows nothing of a person when it is logged.
 *
 * The methods are getters as well, so that they may be called without their receiver.
 */
export class LazyVisitor<Catalog extends EventCatalog> implements Visitor<Catalog> {
  readonly #source: VisitorSource<Catalog>;

  constructor(source: VisitorSource<Catalog>) {
    this.#source = source;
  }

  get userId(): string | undefined {
    return this.#source.read.userId;
  }
  get externalId(): string | undefined {
    return this.#source.open().externalId;
  }
  get session(): SessionState {
    return this.#source.read.session;
  }
  get sessionId(): string | undefined {
    return this.#source.read.sessionId;
  }
  get track(): Visitor<Catalog>['track'] {
    return within(this.#source, this.#source.open().track as Call) as Visitor<Catalog>['track'];
  }
  get identify(): Visitor<Catalog>['identify'] {
    return within(this.#source, this.#source.open().identify);
  }
  get assign(): Visitor<Catalog>['assign'] {
    return this.#source.open().assign;
  }
  get personalization(): Visitor<Catalog>['personalization'] {
    return this.#source.open().personalization;
  }
}
