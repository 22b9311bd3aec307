import type { Attributes } from '@opentelemetry/api';
import type { ChannelMessages } from '../channels.js';

type RequestMessage = ChannelMessages['ours-ingest:request'];

/** The OpenTelemetry name of the system that events are sent to. */
const SYSTEM = 'ours_privacy';

/** https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
export function messagingAttributes({ path }: RequestMessage): Attributes {
  return {
    'messaging.system': SYSTEM,
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': path,
  };
}

/** https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
export function httpAttributes(message: RequestMessage): Attributes {
  const { hostname, port } = new URL(`http://${message.host}`);
  return {
    'http.request.method': 'POST',
    'server.address': hostname,
    ...(port === '' ? {} : { 'server.port': Number(port) }),
    ...(message.status === undefined ? {} : { 'http.response.status_code': message.status }),
    ...failureAttributes(message),
  };
}

/** `error.type` of a request that did not deliver: the status, or the code of the connection's failure. */
export function failureAttributes({ result, reason, status }: RequestMessage): Attributes {
  return result === 'delivered' ? {} : { 'error.type': String(status ?? reason ?? result) };
}
