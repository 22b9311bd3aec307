import { PROXY_ANSWERS } from '../../transport/send-result.js';
import type { ProbeAnswer } from '../probe.js';
import type { Check } from './check.js';

/** What a probe says about the way to the service, and about the token if one was sent. */
export function checkService({ result, status, via }: ProbeAnswer, baseUrl: string, hasToken: boolean): Check[] {
  const reached: Check = { check: 'service', level: 'ok', message: `${baseUrl} answers.` };
  switch (result.kind) {
    case 'unauthorized':
      return hasToken ? [reached, refused(baseUrl)] : [reached];
    case 'retryable':
      return [
        status === undefined ? unreachable(result.reason, baseUrl, via) : strange(result.reason, status, baseUrl, via),
      ];
    default:
      return hasToken ? [reached, accepted] : [reached];
  }
}

const accepted: Check = { check: 'token', level: 'ok', message: 'the service does not refuse it.' };

function refused(baseUrl: string): Check {
  const message = `refused by ${baseUrl} (HTTP 401): copy it again from the dashboard, and see that it belongs to this address.`;
  return { check: 'token', level: 'error', message };
}

/** An answer, but none by which the service could be known. */
function strange(reason: string, status: number, baseUrl: string, via: string | undefined): Check {
  const between = via === undefined ? 'what stands in between' : via;
  const isBusy = status === 429 || status >= 500;
  return isBusy
    ? {
        check: 'service',
        level: 'warning',
        message: `${baseUrl} answers ${reason}: it is overloaded or down. Events wait until it is back; whether the token is right is not known.`,
      }
    : {
        check: 'service',
        level: 'error',
        message: `${baseUrl} answers ${reason}, which is not the service’s: check the address and its path (…/api/v1), and ${between}.`,
      };
}

/** With a proxy these are about the connection to it. */
const PROXY_FAILURE = /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/;

const FAILURES: readonly (readonly [code: RegExp, message: string])[] = [
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'its name is not known here: check the address, and this machine’s DNS.'],
  [/^ECONNREFUSED$/, 'nobody listens there: check the address and its port.'],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/, 'there is no way to it: check this machine’s network.'],
  [/^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, 'connecting takes too long: does a firewall let this machine out?'],
  [
    new RegExp(`^${PROXY_ANSWERS}407$`),
    'it asks for a name and a password: put them into the variable, as http://name:password@host:port.',
  ],
  [new RegExp(`^${PROXY_ANSWERS}`), 'it makes no way to the service: allow the service there, or list it in NO_PROXY.'],
  [/^TimeoutError$/, 'there is no answer in time: it is overloaded, or something in between keeps the request.'],
  [
    /CERT|TLS|SSL|SIGNATURE|ISSUER|^EPROTO$/,
    'TLS fails: check https against http, this machine’s clock, and whether a proxy shows a certificate of its own (NODE_EXTRA_CA_CERTS).',
  ],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'the connection breaks: something in between may not let it through.'],
];

/** A proxy is what was not reached, whatever is beyond it. */
function unreachable(code: string, baseUrl: string, via: string | undefined): Check {
  const [, message = 'the request fails.'] = FAILURES.find(([pattern]) => pattern.test(code)) ?? [];
  const isProxyToBlame = via !== undefined && PROXY_FAILURE.test(code);
  const what = isProxyToBlame
    ? `${via}, which leads to ${baseUrl},`
    : via === undefined
      ? baseUrl
      : `${baseUrl} through ${via}`;
  return { check: 'service', level: 'error', message: `${what} cannot be reached (${code}): ${message}` };
}
