import type { Visitor } from '../client/visitor.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { Consent } from '../protocol/event.js';
import type { SessionState } from '../protocol/session.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import type { RequestVisitor } from './read-visitor.js';
import { bindToScope, currentScope, type RequestScope } from './request-scope.js';

/** What the runtime passes after the request, such as `env` and `ctx` on Workers. */
export type RuntimeArguments = readonly unknown[];

/** Turns a framework's request into a visitor. */
export interface VisitorReader<Catalog extends EventCatalog, Request> {
  read(request: Request, rest: RuntimeArguments): RequestVisitor;
  open(visitor: RequestVisitor): Visitor<Catalog>;
  readonly waitUntilOf: ((request: Request, rest: RuntimeArguments) => WaitUntil | undefined) | undefined;
}

/** A request's scope. A request that never uses its visitor allocates only this object and the {@link LazyVisitor}. */
export class LazyScope<Catalog extends EventCatalog, Request> implements RequestScope<Visitor<Catalog>> {
  readonly visitor: Visitor<Catalog>;
  readonly #reader: VisitorReader<Catalog, Request>;
  readonly #request: Request;
  readonly #rest: RuntimeArguments;
  readonly #outer: RequestScope | undefined;
  #read: RequestVisitor | undefined;
  #opened: Visitor<Catalog> | undefined;

  constructor(reader: VisitorReader<Catalog, Request>, request: Request, rest: RuntimeArguments) {
    this.#reader = reader;
    this.#request = request;
    this.#rest = rest;
    this.#outer = currentScope();
    this.visitor = new LazyVisitor(this);
  }

  /** The identity, read from the request on first use. */
  get read(): RequestVisitor {
    this.#read ??= this.#reader.read(this.#request, this.#rest);
    return this.#read;
  }

  /** The client's visitor, created on first use. */
  get opened(): Visitor<Catalog> {
    this.#opened ??= this.#reader.open(this.read);
    return this.#opened;
  }

  get waitUntil(): WaitUntil | undefined {
    return this.#reader.waitUntilOf?.(this.#request, this.#rest) ?? this.#outer?.waitUntil;
  }
}

type VisitorSource<Catalog extends EventCatalog> = RequestScope & Pick<LazyScope<Catalog, never>, 'read' | 'opened'>;
// `track` is generic; the wrapper passes its arguments on.
type Call = (...given: unknown[]) => unknown;

/**
 * A visitor that is read from the request on first use. Logging it shows nothing personal. The methods are getters too, so that
 * they can be called without a receiver.
 */
class LazyVisitor<Catalog extends EventCatalog> implements Visitor<Catalog> {
  readonly #scope: VisitorSource<Catalog>;

  constructor(scope: VisitorSource<Catalog>) {
    this.#scope = scope;
  }

  get userId(): string | undefined {
    return this.#scope.read.userId;
  }
  get externalId(): string | undefined {
    return this.#scope.opened.externalId;
  }
  get isFromLink(): boolean {
    return this.#scope.opened.isFromLink;
  }
  get session(): SessionState {
    return this.#scope.read.session;
  }
  get sessionId(): string | undefined {
    return this.#scope.read.sessionId;
  }
  get consent(): Consent | undefined {
    return this.#scope.opened.consent;
  }
  get track(): Visitor<Catalog>['track'] {
    return bindToScope(this.#scope, this.#scope.opened.track as Call) as Visitor<Catalog>['track'];
  }
  get identify(): Visitor<Catalog>['identify'] {
    return bindToScope(this.#scope, this.#scope.opened.identify);
  }
  get assign(): Visitor<Catalog>['assign'] {
    return this.#scope.opened.assign;
  }
  get personalization(): Visitor<Catalog>['personalization'] {
    return this.#scope.opened.personalization;
  }
}
