import type { IncomingHttpHeaders } from 'node:http';
import { isSameSecret } from '../http/access.js';
import { type Answer, refuse } from '../http/answer.js';

/** A key of the Platform API and its scopes. */
export interface ApiKeyConfig {
  readonly key: string;
  /** Such as `experiment:find`. @default every scope */
  readonly scopes?: readonly string[] | undefined;
}

/** Checks that a request may use a scope: `undefined`, or the refusal. */
export type CheckScope = (scope: string, headers: IncomingHttpHeaders) => Answer | undefined;

/** Requires one of these keys as a bearer token. Without keys, everyone who can reach the collector may use every scope. */
export function createCheckScope(apiKeys: readonly ApiKeyConfig[] | undefined): CheckScope {
  if (apiKeys === undefined) return () => undefined;
  return (scope, { authorization = '' }) => {
    const [scheme = '', given = ''] = authorization.split(' ');
    const found = scheme.toLowerCase() === 'bearer' ? apiKeys.find(({ key }) => isSameSecret(key, given)) : undefined;
    if (found === undefined) {
      return {
        ...refuse(401, 'an API key is required: authorization: Bearer <key>'),
        headers: { 'www-authenticate': 'Bearer realm="ours-ingest collector"' },
      };
    }
    if (found.scopes?.includes(scope) ?? true) return undefined;
    return refuse(403, `this API key lacks the scope ${scope}`);
  };
}
