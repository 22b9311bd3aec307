import type { Visitor } from '../client/visitor.js';
import { failOption } from '../core/check-option.js';

/** The part of Nest's `ExecutionContext` that the decorator uses. */
export interface NestContext {
  getType(): string;
  getArgByIndex(index: number): unknown;
}

type Holder = Readonly<Record<string, unknown>>;

/** Where the arguments of a call have what holds the request: HTTP passes `request, response, next`, GraphQL `root, args, context, info`. */
const HTTP_REQUEST = 0;
const GRAPHQL_CONTEXT = 2;

/**
 * The visitor of the request that a controller or a resolver is called for. It comes from the call's own arguments: a
 * subscription runs long after its request, when the asynchronous context is that of no request, or of another.
 * @throws {OursError} `invalid_option` if the request has no visitor
 */
export function visitorOf(context: NestContext): Visitor {
  const isGraphql = context.getType() === 'graphql';
  const requests = isGraphql
    ? graphqlRequests(context.getArgByIndex(GRAPHQL_CONTEXT))
    : [context.getArgByIndex(HTTP_REQUEST)];
  for (const request of requests) {
    const visitor = read(request, 'visitor');
    if (visitor !== undefined) return visitor as Visitor;
  }
  return failOption(isGraphql ? NO_GRAPHQL_VISITOR : NO_VISITOR);
}

/** Where GraphQL drivers put the request. A subscription over graphql-ws has the request that opened its WebSocket, in `extra`. */
function graphqlRequests(context: unknown): readonly unknown[] {
  const request = read(context, 'req');
  return [
    request,
    read(context, 'request'),
    read(read(context, 'reply'), 'request'),
    read(read(context, 'extra'), 'request'),
    // Nest's Apollo driver calls the whole context of graphql-ws `req`.
    read(read(request, 'extra'), 'request'),
  ];
}

function read(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? (holder as Holder)[name] : undefined;
}

const NO_VISITOR =
  'CurrentVisitor() found no visitor on the request: import OursModule.forRoot({ ours }) in the root module. It works in HTTP controllers and GraphQL resolvers.';
const NO_GRAPHQL_VISITOR =
  'CurrentVisitor() found no visitor in the GraphQL context: import OursModule.forRoot({ ours }) in the root module. If the driver has a context function, it must return the request as req.';
