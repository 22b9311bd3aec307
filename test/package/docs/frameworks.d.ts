// Frameworks that are too large to install for the types of a page: the part of each that its page uses, as its documentation has it.

declare module '@nestjs/config' {
  export class ConfigModule {}
  export class ConfigService {
    getOrThrow<T>(name: string): T;
  }
}

declare module 'astro' {
  export interface APIContext {
    readonly request: Request;
    readonly clientAddress: string;
    readonly locals: App.Locals;
  }
  export type MiddlewareNext = () => Promise<Response>;
  export type MiddlewareHandler = (
    context: APIContext,
    next: MiddlewareNext,
  ) => Promise<Response> | Response | Promise<void> | void;
  export type APIRoute = (context: APIContext) => Response | Promise<Response>;
}

declare module '@tanstack/react-start' {
  type Next = <Context>(options: {
    readonly context: Context;
  }) => Promise<{ readonly context: Context; readonly response: Response }>;
  interface RequestMiddleware {
    readonly options: { readonly type: 'request' };
  }
  export function createMiddleware(): {
    server(
      handler: (given: { readonly request: Request; readonly pathname: string; readonly next: Next }) => unknown,
    ): RequestMiddleware;
  };
  export function createStart(options: () => { readonly requestMiddleware: readonly RequestMiddleware[] }): object;
  interface Given<Data> {
    readonly data: Data;
  }
  export function createServerFn(options?: { readonly method?: 'GET' | 'POST' }): {
    validator<Data>(validate: (data: Data) => Data): {
      handler<Answer>(handler: (given: Given<Data>) => Promise<Answer>): (given: Given<Data>) => Promise<Answer>;
    };
  };
}

declare module '@tanstack/react-start/server' {
  export function getRequest(): Request;
}
