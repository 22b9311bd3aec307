import { createHash } from 'node:crypto';
import { TEST_TOKEN_PREFIX } from '../../protocol/wire.js';
import { pageOf } from './page.js';
import { notFound, ok, type PlatformRoute, route, toIso } from './platform-route.js';

/** A source of events, as in the dashboard. */
export interface SourceConfig {
  /** Its token, without the prefix `test_` of its test token. */
  readonly token: string;
  /** @default derived from the token */
  readonly id?: string | undefined;
  /** @default 'Local source' */
  readonly name?: string | undefined;
  /** @default 'NodejsApi' */
  readonly type?: string | undefined;
  /** The token of a disabled source is refused. @default 'Enabled' */
  readonly status?: 'Enabled' | 'Disabled' | undefined;
  /** The token of an unpublished source is refused. @default true */
  readonly isPublished?: boolean | undefined;
}

export interface SourceRoutesOptions {
  readonly sources: readonly SourceConfig[] | undefined;
  /** The known tokens; with `undefined`, every token that sent something is a source. */
  readonly tokens: ReadonlySet<string> | undefined;
  /** When each token last sent something, in milliseconds since the epoch. */
  readonly tokensHeard: ReadonlyMap<string, number>;
  readonly startedAt: number;
  readonly baseUrl: () => string;
}

/** The source token of a live or test token. */
function sourceToken(token: string): string {
  return token.startsWith(TEST_TOKEN_PREFIX) ? token.slice(TEST_TOKEN_PREFIX.length) : token;
}

/** Returns whether the source of a token accepts events. [A] Other sources refuse them. */
export function acceptsToken(sources: readonly SourceConfig[] | undefined, token: string): boolean {
  const source = sources?.find((one) => sourceToken(one.token) === sourceToken(token));
  return source === undefined || (source.status !== 'Disabled' && source.isPublished !== false);
}

/** The sources of events, read-only, because they are configured. */
export function sourceRoutes(options: SourceRoutesOptions): PlatformRoute[] {
  const { tokensHeard, startedAt, baseUrl } = options;
  const list = (): readonly SourceConfig[] => options.sources ?? sourcesOf(options.tokens ?? tokensHeard.keys());
  const toBody = ({ token, id = idOf(token), name, type, status, isPublished }: SourceConfig) => {
    const live = tokensHeard.get(sourceToken(token));
    const test = tokensHeard.get(TEST_TOKEN_PREFIX + sourceToken(token));
    return {
      id,
      name: name ?? 'Local source',
      type: type ?? 'NodejsApi',
      status: status ?? 'Enabled',
      createdAt: new Date(startedAt).toISOString(),
      accountId: 'account_local',
      isPublished: isPublished ?? true,
      lastTriggeredAt: toIso(Math.max(live ?? 0, test ?? 0) || undefined),
      lastDispatchedAt: toIso(live),
    };
  };
  const find = (id: string): SourceConfig | undefined => list().find((source) => toBody(source).id === id);

  return [
    route('GET', '/sources', 'source:list', ({ url: { searchParams: query } }) => {
      const [type, status] = [query.get('type'), query.get('status')];
      const part = query.get('nameContains')?.toLowerCase() ?? '';
      const found = list()
        .map(toBody)
        .filter((body) => (!type || body.type === type) && (!status || body.status === status))
        .filter(({ name }) => name.toLowerCase().includes(part));
      return pageOf(found, query);
    }),
    route('GET', '/sources/:id', 'source:view', ({ params }) => {
      const source = find(params.id!);
      return source === undefined ? notFound('source') : ok(toBody(source));
    }),
    route('GET', '/sources/:id/tokens', 'source:view', ({ params }) => {
      const source = find(params.id!);
      if (source === undefined) return notFound('source');
      const token = sourceToken(source.token);
      const url = `${baseUrl()}/track`;
      const sample = JSON.stringify({ token, event: 'hello', userId: 'visitor' });
      return ok({
        sourceType: 'webhook',
        ingestUrl: url,
        testIngestUrl: url,
        token,
        testToken: TEST_TOKEN_PREFIX + token,
        sampleCurl: `curl -H 'content-type: application/json' -d ${inShell(sample)} ${url}`,
      });
    }),
  ];
}

/** Quotes an argument for a shell: without known tokens, every token that a web page posted is listed. */
function inShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// Without experiment tokens.
function sourcesOf(tokens: Iterable<string>): SourceConfig[] {
  const known = [...tokens].filter((token) => !token.startsWith('exp_')).map(sourceToken);
  return [...new Set(known)].map((token) => ({ token }));
}

/** A stable id that does not reveal the token. */
function idOf(token: string): string {
  return `source_${createHash('sha256').update(sourceToken(token)).digest('hex').slice(0, 12)}`;
}
