import { expect, it } from 'vitest';
import { nextFacts } from '../../src/adapters/next-facts.js';

const facts = (headers: Record<string, string>, url?: string) => nextFacts({ headers: new Headers(headers), url });

it('has the public host, not the server’s own', () => {
  const url = 'http://localhost:3000/plans?a=1';
  expect(facts({ host: 'shop.example' }, url).url).toBe('http://shop.example/plans?a=1');
  expect(facts({}, url).url).toBe(url);
  expect(facts({ host: 'shop.example' }).url).toBeUndefined();
});

it('hides Sec-Fetch-Dest from components, whose referrer is the page that the visitor leaves', () => {
  const asked = { 'sec-fetch-dest': 'empty' };
  const destination = (headers: Record<string, string>, url?: string) => facts(headers, url).header('sec-fetch-dest');
  expect(destination(asked)).toBeNull();
  expect(destination({ ...asked, 'next-action': 'a1' })).toBe('empty');
  expect(destination(asked, 'http://localhost:3000/')).toBe('empty');
});
