import { describe, expect, it } from 'vitest';
import { lambdaFacts } from '../../src/adapters/lambda-event.js';
import { albEvent, restApiEvent } from './lambda-events.js';

describe('the request in a Lambda event', () => {
  const sent = { headers: { cookie: 'ours_device_id=v' } };

  it('may have null values', () => {
    const odd = {
      ...restApiEvent('/plans', sent),
      queryStringParameters: { a: null },
      multiValueQueryStringParameters: { a: null, b: [null], ours_user_id: ['p'] },
    };
    odd.headers.Referer = null as never;
    odd.multiValueHeaders!.Referer = null as never;
    const facts = lambdaFacts(odd);
    expect(facts.url).toBe('https://shop.example/plans?a=&b=&ours_user_id=p');
    expect(facts.header('referer')).toBeUndefined();
    expect(facts.header('cookie')).toBe('ours_device_id=v');
    expect(lambdaFacts({ ...odd, multiValueQueryStringParameters: null }).url).toBe('https://shop.example/plans?a=');
  });

  it('keeps encoding, scheme and peer address of a load balancer', () => {
    const path = '/plans?a%26b=c%3Dd&e=f%20g';
    for (const multi of [false, true]) {
      const headers = { ...sent.headers, 'x-forwarded-proto': 'http', 'x-forwarded-for': '9.9.9.9' };
      const facts = lambdaFacts(albEvent(path, { headers }, multi));
      expect(facts.url).toBe(`http://shop.example${path}`);
      expect(facts.peerIp?.()).toBe('127.0.0.1');
      expect(facts.header('x-forwarded-for')).toBe('9.9.9.9');
    }
  });

  it('has the address of a REST API with its stage, as the browser used it', () => {
    const event = restApiEvent('/plans?a=1');
    const { requestContext } = event;
    expect(lambdaFacts({ ...event, requestContext: { ...requestContext, path: '/prod/plans' } }).url).toBe(
      'https://shop.example/prod/plans?a=1',
    );
    // Some test tools omit it.
    expect(lambdaFacts({ ...event, requestContext: { ...requestContext, path: undefined } }).url).toBe(
      'https://shop.example/plans?a=1',
    );
  });

  it('may have no requestContext', () => {
    const event = { path: '/plans', headers: { host: 'shop.example' }, queryStringParameters: { a: '1 2' } };
    expect(lambdaFacts(event).url).toBe('https://shop.example/plans?a=1+2');
  });
});
