import { describe, expect, it } from 'vitest';
import { visitorOf } from '../../src/adapters/nest-visitor.js';

const visitor = { userId: 'v' };

/** An `ExecutionContext` with these arguments. */
const contextOf = (type: string, ...args: readonly unknown[]) => ({
  getType: () => type,
  getArgByIndex: (index: number) => args[index],
});

describe('the visitor of a call', () => {
  it('is the one of the HTTP request', () => {
    expect(visitorOf(contextOf('http', { visitor }, {}, () => undefined))).toBe(visitor);
  });

  it.each([
    ['req', { req: { visitor } }],
    ['request, as Yoga and Mercurius name it', { request: { visitor } }],
    ['the reply of Fastify', { reply: { request: { visitor } } }],
    ['extra of graphql-ws', { extra: { request: { visitor } } }],
    ['extra of graphql-ws, within req', { req: { extra: { request: { visitor } } } }],
  ])('is the one of the request in the GraphQL context: %s', (_, context) => {
    expect(visitorOf(contextOf('graphql', undefined, {}, context, {}))).toBe(visitor);
  });

  it.each([
    [
      'an HTTP request without one',
      'http',
      [{}],
      'no visitor on the request: import OursModule.forRoot({ ours }) in the root module',
    ],
    ['a message of a microservice', 'rpc', ['text'], 'It works in HTTP controllers and GraphQL resolvers'],
    [
      'a GraphQL context without a request',
      'graphql',
      [undefined, {}, { user: 1 }],
      'it must return the request as req',
    ],
    ['no GraphQL context', 'graphql', [], 'no visitor in the GraphQL context'],
  ] as const)('is an error for %s', (_, type, args, message) => {
    expect(() => visitorOf(contextOf(type, ...args))).toThrow(message);
  });
});
