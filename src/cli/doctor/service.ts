import { PROXY_ANSWERS } from '../../transport/send-result.js';
import type { ProbeAnswer } from '../probe.js';
import type { Check } from './check.js';

/** Checks from a probe: whether the service can be reached, and whether it accepts the token if one was sent. */
export function checkService({ result, status, via }: ProbeAnswer, baseUrl: string, hasToken: boolean): Check[] {
  const reached: Check = { check: 'service', level: 'ok', message: `${baseUrl} answers.` };
  switch (result.kind) {
    case 'unauthorized':
      return hasToken ? [reached, refused(baseUrl)] : [reached];
    case 'retryable':
      return [
        status === undefined
          ? unreachable(result.reason, baseUrl, via)
          : unexpected(result.reason, status, baseUrl, via),
      ];
    default:
      return hasToken ? [reached, accepted] : [reached];
  }
}

const accepted: Check = { check: 'token', level: 'ok', message: 'the service does not refuse it.' };

function refused(baseUrl: string): Check {
  const message = `refused by ${baseUrl} (HTTP 401): copy it again from the dashboard, and check that it belongs to this address.`;
  return { check: 'token', level: 'error', message };
}

/** An answer that does not come from the service itself. */
function unexpected(reason: string, status: number, baseUrl: string, via: string | undefined): Check {
  const between = via === undefined ? 'proxies on the way' : via;
  const isBusy = status === 429 || status >= 500;
  return isBusy
    ? {
        check: 'service',
        level: 'warning',
        message: `${baseUrl} answers ${reason}: it is overloaded or down. Events wait until it is back. The token could not be checked.`,
      }
    : {
        check: 'service',
        level: 'error',
        message: `${baseUrl} answers ${reason}, which is not from the service: check the address and its path (…/api/v1), and ${between}.`,
      };
}

/** With a proxy, these errors are about the connection to the proxy. */
const PROXY_FAILURE = /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/;

const FAILURES: readonly (readonly [code: RegExp, message: string])[] = [
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'its name cannot be resolved: check the address, and this machine’s DNS.'],
  [/^ECONNREFUSED$/, 'no server is listening: check the address and its port.'],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/, 'there is no route: check this machine’s network.'],
  [/^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, 'connecting takes too long: check whether a firewall blocks this machine.'],
  [
    new RegExp(`^${PROXY_ANSWERS}407$`),
    'it requires a name and a password: add them to the variable, as http://name:password@host:port.',
  ],
  [
    new RegExp(`^${PROXY_ANSWERS}`),
    'it refuses to connect to the service: allow the service there, or list it in NO_PROXY.',
  ],
  [/^TimeoutError$/, 'the answer timed out: it is overloaded, or a proxy holds the request.'],
  [
    /CERT|TLS|SSL|SIGNATURE|ISSUER|^EPROTO$/,
    'TLS fails: check https or http, this machine’s clock, and whether a proxy uses its own certificate (NODE_EXTRA_CA_CERTS).',
  ],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'the connection breaks: a proxy or firewall may block it.'],
];

/** With a proxy, the proxy itself may be what cannot be reached. */
function unreachable(code: string, baseUrl: string, via: string | undefined): Check {
  const [, message = 'the request fails.'] = FAILURES.find(([pattern]) => pattern.test(code)) ?? [];
  const isProxyFailure = via !== undefined && PROXY_FAILURE.test(code);
  const what = isProxyFailure
    ? `${via}, which leads to ${baseUrl},`
    : via === undefined
      ? baseUrl
      : `${baseUrl} through ${via}`;
  return { check: 'service', level: 'error', message: `${what} cannot be reached (${code}): ${message}` };
}
