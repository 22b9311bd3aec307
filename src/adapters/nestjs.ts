import { createParamDecorator, Inject } from '@nestjs/common';
import { OURS } from './nest-module.js';
import { type NestContext, visitorOf } from './nest-visitor.js';

/**
 * Injects the client.
 *
 * @example
 * constructor(@InjectOurs() private readonly ours: Client<typeof events>) {}
 */
export function InjectOurs(): ParameterDecorator & PropertyDecorator {
  return Inject(OURS);
}

/**
 * The visitor of the request, as an argument of a controller's method or a resolver's. In a GraphQL subscription it is the
 * visitor of the subscriber. Each request has its own.
 *
 * @example
 * buy(@CurrentVisitor() visitor: Visitor<typeof events>) { … }
 */
export const CurrentVisitor: () => ParameterDecorator = createParamDecorator((_: unknown, context: NestContext) =>
  visitorOf(context),
);

export { OURS, type OursDynamicModule, OursModule } from './nest-module.js';
export type { NestClient, OursModuleAsyncOptions, OursModuleOptions } from './nest-options.js';
export type { NestRequest } from './nest-server.js';
export type * from './public-types.js';
export { currentVisitor } from './request-scope.js';
