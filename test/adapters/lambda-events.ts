import type { ALBEvent, APIGatewayProxyEvent, APIGatewayProxyEventV2, Context, SQSRecord } from 'aws-lambda';
import type { Sent } from './contract.js';

const PEER = '127.0.0.1';

/** An invocation with `leftMs` left. */
export function lambdaContext(leftMs = 30_000): Context {
  return {
    awsRequestId: 'request-1',
    functionName: 'shop',
    getRemainingTimeInMillis: () => leftMs,
  } as Context;
}

/** The gateway appends the address that it saw. */
function seenByGateway(headers: Readonly<Record<string, string>>): Record<string, string> {
  const before = headers['x-forwarded-for'];
  return { host: 'shop.example', ...headers, 'x-forwarded-for': before === undefined ? PEER : `${before}, ${PEER}` };
}

/** Payload 2.0: an HTTP API or a function URL. Lower-case names, separate cookies, the raw query. */
export function httpApiEvent(path: string, { method = 'GET', headers = {}, body }: Sent = {}): APIGatewayProxyEventV2 {
  const { pathname, search } = new URL(path, 'https://shop.example');
  const { cookie, ...rest } = seenByGateway(headers);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    ...(cookie !== undefined && { cookies: cookie.split('; ') }),
    headers: rest,
    requestContext: {
      domainName: 'shop.example',
      http: { method, path: pathname, protocol: 'HTTP/1.1', sourceIp: PEER, userAgent: rest['user-agent'] ?? '' },
      stage: '$default',
      requestId: 'request-1',
    },
    ...(body !== undefined && { body }),
    isBase64Encoded: false,
  } as unknown as APIGatewayProxyEventV2;
}

/** Payload 1.0: a REST API. Names in the browser's case, twice, a parsed query, the stage in the path. */
export function restApiEvent(path: string, { method = 'GET', headers = {}, body }: Sent = {}): APIGatewayProxyEvent {
  const { pathname, searchParams } = new URL(path, 'https://shop.example');
  const named = Object.entries(seenByGateway(headers)).map(([name, value]) => [
    name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
    value,
  ]);
  const names = [...new Set(searchParams.keys())];
  return {
    resource: '/{proxy+}',
    path: pathname,
    httpMethod: method,
    headers: Object.fromEntries(named),
    multiValueHeaders: Object.fromEntries(named.map(([name, value]) => [name, [value]])),
    queryStringParameters: names.length === 0 ? null : Object.fromEntries(searchParams),
    multiValueQueryStringParameters:
      names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, searchParams.getAll(name)])),
    requestContext: {
      domainName: 'shop.example',
      path: pathname,
      stage: 'prod',
      identity: { sourceIp: PEER, userAgent: headers['user-agent'] ?? null },
    },
    body: body ?? null,
    isBase64Encoded: false,
  } as unknown as APIGatewayProxyEvent;
}

/** An Application Load Balancer: nothing is decoded, address and scheme are only in headers, with single or multiple values. */
export function albEvent(path: string, { method = 'GET', headers = {}, body }: Sent = {}, multi = false): ALBEvent {
  const { pathname, search } = new URL(path, 'https://shop.example');
  const seen = { ...seenByGateway(headers), 'x-forwarded-proto': headers['x-forwarded-proto'] ?? 'https' };
  const query: Record<string, string[]> = {};
  for (const pair of search.slice(1).split('&').filter(Boolean)) {
    const [name = '', value = ''] = pair.split('=');
    query[name] = [...(query[name] ?? []), value];
  }
  return {
    requestContext: {
      elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop/1' },
    },
    httpMethod: method,
    path: pathname,
    ...(multi
      ? {
          headers: undefined,
          multiValueHeaders: Object.fromEntries(Object.entries(seen).map(([name, value]) => [name, [value]])),
          multiValueQueryStringParameters: query,
        }
      : {
          headers: seen,
          queryStringParameters: Object.fromEntries(
            Object.entries(query).map(([name, values]) => [name, values.at(-1)]),
          ),
        }),
    body: body ?? '',
    isBase64Encoded: false,
  };
}

/** A message as SQS delivers it, with the visitor in its attributes. */
export function sqsRecord(messageId: string, userId: string, queue = 'orders'): SQSRecord {
  return {
    messageId,
    receiptHandle: `handle of ${messageId}`,
    body: '{"order":1}',
    attributes: { ApproximateReceiveCount: '1' },
    messageAttributes: { visitor: { dataType: 'String', stringValue: userId } },
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:eu-central-1:123456789012:${queue}`,
    awsRegion: 'eu-central-1',
  } as unknown as SQSRecord;
}
