import { sleep } from '../../core/timers.js';
import { type CommandContext, UsageError } from '../command.js';
import { createApiRequest } from './api-request.js';
import { createPlatformApi, type PlatformApi } from './platform-api.js';

const DEFAULT_ORIGIN = 'https://app.oursprivacy.com';

const PROXY_VARIABLES = ['http_proxy', 'https_proxy'];

export const API_USAGE: string = `The API key is read from OURS_PRIVACY_API_KEY.

  --api-url <url>      origin of the Platform API, as OURS_API_URL (${DEFAULT_ORIGIN})`;

/**
 * Works with the Platform API of the account that the environment has a key for.
 * @throws UsageError for a key or an address that cannot be; it never repeats the key
 */
export async function withApi<Result>(
  givenUrl: string | undefined,
  { env, stop }: Pick<CommandContext, 'env' | 'stop'>,
  work: (api: PlatformApi) => Promise<Result>,
): Promise<Result> {
  const apiKey = env.OURS_PRIVACY_API_KEY?.trim() ?? '';
  if (apiKey === '') {
    throw new UsageError('OURS_PRIVACY_API_KEY is not set: create an API key in the dashboard, and set it there.');
  }
  // A header that cannot be sent would be quoted in the error.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new UsageError('OURS_PRIVACY_API_KEY holds characters that no key has: copy it again from the dashboard.');
  }
  const origin = toOrigin(givenUrl ?? (env.OURS_API_URL || DEFAULT_ORIGIN));
  const dispatcher = await throughProxy(env);
  try {
    return await work(
      createPlatformApi(createApiRequest({ origin, apiKey, sleep: (ms) => sleep(ms, stop), stop, dispatcher })),
    );
  } finally {
    await dispatcher?.close();
  }
}

/** Only as many parts as an origin has, and the key in clear text only within this machine. */
function toOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new UsageError(`--api-url must be an origin such as ${DEFAULT_ORIGIN}, without a path.`);
  }
  const isLocal = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && !isLocal) {
    throw new UsageError('--api-url must begin with https: the API key would be sent in clear text.');
  }
  return url.origin;
}

async function throughProxy(env: CommandContext['env']) {
  const [httpProxy, httpsProxy] = PROXY_VARIABLES.map((name) => env[name] || env[name.toUpperCase()]);
  if (!httpProxy && !httpsProxy) return undefined;
  const { EnvHttpProxyAgent } = await import('undici');
  const noProxy = env.no_proxy ?? env.NO_PROXY;
  return new EnvHttpProxyAgent({
    ...(httpProxy ? { httpProxy } : {}),
    ...(httpsProxy ? { httpsProxy } : {}),
    ...(noProxy ? { noProxy } : {}),
  });
}
