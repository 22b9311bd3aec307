import type { IncomingMessage } from 'node:http';
import { type Answer, refuse } from './answer.js';
import type { Handler } from './routes.js';

/** Where the API lives below the origin. */
export const API_PREFIX = '/api/v1';

/** What a request's line and headers tell: an answer already, or who shall read the body. */
export type Precheck =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'api'; readonly path: string; readonly handler: Handler };

/** Judges path, method and content type, in this order, so that each refusal names the first thing to fix. */
export function precheck(
  request: IncomingMessage,
  findRoute: (path: string) => Handler | undefined,
  overview: () => unknown,
): Precheck {
  const [pathname = '/'] = (request.url ?? '/').split('?');
  if (pathname === '/') {
    return answered(request.method === 'GET' ? { status: 200, body: overview() } : wrongMethod('GET'));
  }
  const path = pathname.startsWith(`${API_PREFIX}/`) ? pathname.slice(API_PREFIX.length) : undefined;
  const handler = path === undefined ? undefined : findRoute(path);
  if (path === undefined || handler === undefined) return answered(refuse(404, 'unknown path'));
  if (request.method !== 'POST') return answered(wrongMethod('POST'));
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json' || request.headers['content-encoding'] !== undefined) {
    return answered(refuse(415, 'expected content-type application/json without content-encoding'));
  }
  return { kind: 'api', path, handler };
}

function answered(answer: Answer): Precheck {
  return { kind: 'answered', answer };
}

function wrongMethod(allow: string): Answer {
  return { ...refuse(405, `only ${allow} is answered here`), headers: { allow } };
}
