import type { Client } from '../client/types.js';
import type { Visitor } from '../client/visitor.js';
import { OursError } from '../core/errors.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import { ignoreRejection, isPromise } from '../core/user-call.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { WaitUntil } from '../runtime/wait-until.js';
import { NOBODY, type ReadVisitor } from './read-visitor.js';
import type { RequestFacts } from './request-facts.js';
import type { RequestScope } from './request-scope.js';
import { readVisitor } from './request-visitor.js';
import { type Reader, Scope, type Surroundings } from './scope.js';
import {
  type AdapterOptions,
  checkAdapter,
  resolveReading,
  VISITOR_OPTIONS,
  type VisitorOptions,
} from './visitor-options.js';

/** What an adapter needs of the client. */
export type VisitorClient<Catalog extends EventCatalog> = Pick<Client<Catalog>, 'visitor' | 'flush'>;

/** A request whose visitor is known. */
export interface WithVisitor<Catalog extends EventCatalog = EventCatalog> {
  readonly visitor: Visitor<Catalog>;
}

/** The framework's own request, where a handler's parameter says that it has a visitor. */
export type WithoutVisitor<Request, Catalog extends EventCatalog> = Request extends infer Own & WithVisitor<Catalog>
  ? Own
  : Request;

/** Opens the scope of a request. Cheap: nothing is read before the visitor is used. */
export type OpenScope<Catalog extends EventCatalog, Request> = (
  request: Request,
  ...around: Surroundings
) => RequestScope<Visitor<Catalog>>;

/** What a framework's requests are to us. Asked when a visitor or a `waitUntil` is first used, which few requests do. */
interface Framework<Request, Read> {
  readonly read: (request: Request, around: Surroundings) => Read;
  readonly waitUntilOf?: ((request: Request, around: Surroundings) => WaitUntil | undefined) | undefined;
  /** The names of its options. @default those of every adapter of requests */
  readonly options?: ReadonlySet<string>;
}

/**
 * What all adapters share: who it is about, read late, once, and never at the cost of the request.
 * @throws {OursError} `invalid_option`
 */
export function createScopes<Catalog extends EventCatalog, Request>(
  ours: VisitorClient<Catalog>,
  options: AdapterOptions<Request>,
  { read, waitUntilOf, options: known = VISITOR_OPTIONS }: Framework<Request, ReadVisitor>,
): OpenScope<Catalog, Request> {
  checkAdapter(ours, options, known);
  const { consent } = options;
  const warnings = createWarnOnce(guardLogger(options.logger ?? console), () => performance.now());

  function agrees(request: Request): boolean {
    const answer: unknown = consent === undefined ? true : consent(request);
    // A promise is no consent: it would be one however it ends.
    if (typeof answer !== 'boolean') {
      if (isPromise(answer)) ignoreRejection(answer);
      warnings.throttled('consent', 'consent must return true or false: the visitor is taken not to have agreed.');
    }
    return answer === true;
  }

  /** What reading returns, or `otherwise`. What was thrown may tell of the visitor; it is not repeated. */
  function attempt<Read>(reading: () => Read, otherwise: Read): Read {
    try {
      return reading();
    } catch {
      warnings.throttled(
        'read',
        'reading a visitor threw (the request, consent or visitorOf): what was not read stays unknown, the request goes on.',
      );
      return otherwise;
    }
  }

  const reader: Reader<Catalog, Request> = {
    read: (request, around) => attempt(() => (agrees(request) ? read(request, around) : NOBODY), NOBODY),
    open: (visitor) => {
      const { userId, session, sessionId, isFromLink } = visitor;
      return ours.visitor(attempt(() => visitor.whole(), { userId, session, sessionId, isFromLink }));
    },
    waitUntilOf,
  };
  return (request, ...around) => new Scope(reader, request, around);
}

/**
 * {@link createScopes} for HTTP.
 * @throws {OursError} `invalid_option`
 */
export function createRequestScopes<Catalog extends EventCatalog, Request>(
  ours: VisitorClient<Catalog>,
  options: VisitorOptions<Request>,
  { read, knowsPeer, ...framework }: Framework<Request, RequestFacts> & { readonly knowsPeer: boolean },
): OpenScope<Catalog, Request> {
  const reading = resolveReading(options);
  if (Array.isArray(options.trustProxy) && !knowsPeer) {
    throw new OursError(
      'invalid_option',
      'trustProxy lists addresses, but who opens connections is not known here: pass the number of proxies, or ipHeader.',
    );
  }
  return createScopes(ours, options, {
    ...framework,
    read: (request, around) => readVisitor(read(request, around), reading),
  });
}
