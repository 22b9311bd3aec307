import type { Visitor } from '../client/visitor.js';
import type { WarnOnce } from '../core/logger.js';
import { shortName } from '../core/printable.js';
import { typeName } from '../core/refusal.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { DecideParams, FlagEntities, FlagHeaders, IdentifyParams } from './flags-types.js';
import { type NextAsked, nextFacts } from './next-facts.js';
import { currentVisitor } from './request-scope.js';
import type { VisitorOptions } from './visitor-options.js';
import { createRequestScopes, type VisitorClient } from './visitor-scopes.js';

/** The visitors that flags are decided for. */
export interface FlagVisitors {
  identify(params: IdentifyParams): FlagEntities;
  /** `undefined` if the visitor is not to be known. */
  visitorOf(params: DecideParams): Visitor | undefined;
}

/** @throws {OursError} `invalid_option` */
export function createFlagVisitors<Catalog extends EventCatalog>(
  ours: VisitorClient<Catalog>,
  options: VisitorOptions<NextAsked>,
  warnings: WarnOnce,
): FlagVisitors {
  const openScope = createRequestScopes<Catalog, NextAsked>(ours, options, { read: nextFacts, knowsPeer: false });
  /** One object for all flags of a request: the SDK decides a flag once for the same entities. */
  const entitiesOf = new WeakMap<FlagHeaders, FlagEntities>();
  /** Entities are plain data, which the SDK serialises; the visitor also knows the page. */
  const visitors = new WeakMap<FlagEntities, Visitor>();

  return {
    identify({ headers }) {
      const known = entitiesOf.get(headers);
      if (known) return known;
      const visitor = currentVisitor() ?? (openScope({ headers }).visitor as unknown as Visitor);
      const entities = { userId: visitor.userId, sessionId: visitor.sessionId };
      entitiesOf.set(headers, entities);
      visitors.set(entities, visitor);
      return entities;
    },

    visitorOf({ key, entities }) {
      if (typeof entities === 'object' && entities !== null) {
        return visitors.get(entities) ?? (ours.visitor(entities) as unknown as Visitor);
      }
      // An identify of the program's own returns nothing for a visitor who is not to be known, for lack of consent.
      if ((entities ?? undefined) !== undefined) {
        warnings.throttledEach(
          `identify of flag '${shortName(key)}' must return { userId, sessionId }; got ${typeName(entities)}. Its visitors get the default value.`,
        );
      }
      return undefined;
    },
  };
}
