import type { Client } from '../client/types.js';
import type { Visitor } from '../client/visitor.js';
import { failOption } from '../core/check-option.js';
import { createWarnOnce, guardLogger } from '../core/logger.js';
import { ignoreRejection, isPromise } from '../core/user-call.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { type Consent, isConsent } from '../protocol/event.js';
import { LazyScope, type RuntimeArguments, type VisitorReader } from './lazy-visitor.js';
import { type RequestVisitor, readVisitor, UNKNOWN_VISITOR } from './read-visitor.js';
import type { RequestFacts } from './request-facts.js';
import type { RequestScope } from './request-scope.js';
import { resolveReading } from './resolve-reading.js';
import { type AdapterOptions, checkAdapter, VISITOR_OPTIONS, type VisitorOptions } from './visitor-options.js';

/** The part of the client that an adapter needs. */
export type VisitorClient<Catalog extends EventCatalog> = Pick<Client<Catalog>, 'visitor' | 'flush'>;

/** A request with its visitor. */
export interface WithVisitor<Catalog extends EventCatalog = EventCatalog> {
  readonly visitor: Visitor<Catalog>;
}

/** The framework's request type, given a handler's parameter type that includes the visitor. */
export type WithoutVisitor<Request, Catalog extends EventCatalog> = Request extends infer Own & WithVisitor<Catalog>
  ? Own
  : Request;

/** Opens the scope of a request. Cheap: nothing is read until the visitor is used. */
export type OpenScope<Catalog extends EventCatalog, Request> = (
  request: Request,
  ...rest: RuntimeArguments
) => RequestScope<Visitor<Catalog>>;

/** How a framework's requests are read. Called when a visitor or `waitUntil` is first used. */
interface Framework<Request, Read> {
  readonly read: (request: Request, rest: RuntimeArguments) => Read;
  readonly waitUntilOf?: VisitorReader<EventCatalog, Request>['waitUntilOf'];
  /** The names of the adapter's options. @default those of HTTP adapters */
  readonly options?: ReadonlySet<string>;
}

/** Google's consent mode writes `denied`; cookies and the service's stored consent have other words for `false`. */
const REFUSAL =
  /^\s*(?:false|den(?:y|ied)|no|none|off|0|rejected|refused|declined|withdrawn|revoked|opt(?:ed)?[-_ ]?out|null|undefined)?\s*$/i;

/** Consent managers list these as granted whatever the visitor chose. */
const UNASKED = /^(?:(?:strictly[-_ ]?)?(?:necessary|essential|required)|security_storage)$/i;

function isGranted([purpose, value]: [string, Consent[string]]): boolean {
  return !UNASKED.test(purpose) && (typeof value === 'string' ? !REFUSAL.test(value) : value === true);
}

/**
 * The part that all adapters share: a visitor is read late, at most once, and a failure never breaks the request.
 * @throws {OursError} `invalid_option`
 */
export function createScopes<Catalog extends EventCatalog, Request>(
  ours: VisitorClient<Catalog>,
  options: AdapterOptions<Request>,
  { read, waitUntilOf, options: known = VISITOR_OPTIONS }: Framework<Request, RequestVisitor>,
): OpenScope<Catalog, Request> {
  checkAdapter(ours, options, known);
  const { consent } = options;
  const warnings = createWarnOnce(guardLogger(options.logger ?? console), () => performance.now());

  /** `false` without consent. */
  function consentOf(request: Request): boolean | Consent {
    const answer: unknown = consent === undefined ? true : consent(request);
    if (typeof answer === 'boolean') return answer;
    // Nothing but refusals is no consent.
    if (isConsent(answer)) return Object.entries(answer).some(isGranted) && answer;
    // A promise is an object, whatever it resolves to.
    if (isPromise(answer)) ignoreRejection(answer);
    warnings.throttled(
      'consent',
      'consent must return true or false, or purposes such as { marketing: true }; anything else counts as no consent.',
    );
    return false;
  }

  function readWithConsent(request: Request, rest: RuntimeArguments): RequestVisitor {
    const given = consentOf(request);
    if (given === false) return UNKNOWN_VISITOR;
    const visitor = read(request, rest);
    return given === true ? visitor : { ...visitor, toInput: () => ({ ...visitor.toInput(), consent: given }) };
  }

  /** The error itself is not logged: it may hold personal data. */
  function attempt<Read>(reading: () => Read, fallback: Read): Read {
    try {
      return reading();
    } catch {
      warnings.throttled(
        'read',
        'reading the visitor of a request threw (the request, consent or visitorOf). What could not be read stays unknown; the request continues.',
      );
      return fallback;
    }
  }

  const reader: VisitorReader<Catalog, Request> = {
    read: (request, rest) => attempt(() => readWithConsent(request, rest), UNKNOWN_VISITOR),
    open: (visitor) => {
      const { userId, session, sessionId, isFromLink } = visitor;
      return ours.visitor(attempt(() => visitor.toInput(), { userId, session, sessionId, isFromLink }));
    },
    waitUntilOf,
  };
  return (request, ...rest) => new LazyScope(reader, request, rest);
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
    failOption(
      "trustProxy lists addresses, but this adapter does not know the connection's address: pass the number of proxies, or ipHeader.",
    );
  }
  return createScopes(ours, options, {
    ...framework,
    read: (request, rest) => readVisitor(read(request, rest), reading),
  });
}
