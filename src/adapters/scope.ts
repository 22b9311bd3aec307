import type { Visitor } from '../client/visitor.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import { LazyVisitor, type VisitorSource } from './lazy-visitor.js';
import type { ReadVisitor } from './read-visitor.js';
import { currentScope, type RequestScope } from './request-scope.js';

/** What stands around a request: what the runtime passes beside it. */
export type Surroundings = readonly unknown[];

/** How a request becomes a visitor, and who keeps the function alive for it. */
export interface Reader<Catalog extends EventCatalog, Request> {
  read(request: Request, around: Surroundings): ReadVisitor;
  open(visitor: ReadVisitor): Visitor<Catalog>;
  readonly waitUntilOf: ((request: Request, around: Surroundings) => WaitUntil | undefined) | undefined;
}

/** A request's scope. With its visitor two small objects and no closure: so much a request costs that asks for nothing. */
export class Scope<Catalog extends EventCatalog, Request> implements VisitorSource<Catalog> {
  readonly visitor: Visitor<Catalog>;
  readonly #reader: Reader<Catalog, Request>;
  readonly #request: Request;
  readonly #around: Surroundings;
  readonly #outer: RequestScope | undefined;
  #read: ReadVisitor | undefined;
  #opened: Visitor<Catalog> | undefined;

  constructor(reader: Reader<Catalog, Request>, request: Request, around: Surroundings) {
    this.#reader = reader;
    this.#request = request;
    this.#around = around;
    this.#outer = currentScope();
    this.visitor = new LazyVisitor(this);
  }

  get read(): ReadVisitor {
    this.#read ??= this.#reader.read(this.#request, this.#around);
    return this.#read;
  }

  open(): Visitor<Catalog> {
    this.#opened ??= this.#reader.open(this.read);
    return this.#opened;
  }

  get waitUntil(): WaitUntil | undefined {
    return this.#reader.waitUntilOf?.(this.#request, this.#around) ?? this.#outer?.waitUntil;
  }
}
