import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QueryRule } from '../../../src/collector/experiments/experiment.js';
import { isTargeted, type Page } from '../../../src/collector/experiments/targeting.js';

const URL = 'https://shop.example/?plan=pro&plan=team&empty=&term=caf%C3%A9+au+lait#plan=fragment?x=1';

function fits(rules: readonly QueryRule[], page: Page = { url: URL }): boolean {
  return isTargeted({ urls: [], query: rules }, page);
}

describe('a URL glob', () => {
  it.each([
    ['/checkout', 'https://shop.example/checkout?step=2#pay', true],
    ['/checkout', '/checkout', true],
    ['/', 'https://shop.example', true],
    ['/products/*', 'https://shop.example/products/tea', true],
    ['/products/*', 'https://shop.example/products/tea/reviews', false],
    ['/products/**', 'https://shop.example/products/tea/reviews', true],
    ['/*/reviews', '/tea/reviews', true],
    ['/**/reviews', '/products/tea/reviews', true],
    ['https://*.example/**', 'https://shop.example/cart', true],
    ['https://shop.example/', 'https://shopXexample/', false],
    ['/a(b)[c]{d}+$', '/a(b)[c]{d}+$', true],
    ['shop.example/products/*', 'https://shop.example/products/tea?x=1', true],
    ['Shop.example/Products/*', 'https://SHOP.example/Products/tea', true],
    ['shop.example/products/*', 'https://shop.example/Products/tea', false],
    ['*.shop.example/**', 'https://www.shop.example/a/b', true],
    ['*.shop.example/**', 'https://shop.example/a/b', false],
    ['shop.example', 'https://shop.example/', true],
    ['shop.example', 'https://shop.example/tea', false],
    ['shop.example/**', '/tea', false],
    ['HTTPS://Shop.example/Products/*', 'https://shop.example/Products/tea', true],
    ['https://shop.example/*', 'https://SHOP.example/tea', true],
    ['https://Shop.example/products', 'https://shop.example/Products', false],
    ['https://shop.example', 'https://shop.example/', true],
    ['https://shop.example', 'https://shop.example/tea', false],
    ['https://shop.example/', 'https://shop.example', true],
    ['https://**', 'https://shop.example/tea', true],
    ['https://**', 'https://shop.example/', true],
    ['https://shop.example/tea', '/tea', false],
    ['**', 'https://shop.example/tea', true],
    ['**', '/tea', true],
    ['/tea', '/teas', false],
    ['/tea', '/green/tea', false],
  ])('%s and the page %s: %s', (glob, url, expected) => {
    expect(isTargeted({ urls: [glob], query: [] }, { url })).toBe(expected);
  });

  it('is enough if it is one of several', () => {
    expect(isTargeted({ urls: ['/cart', '/tea'], query: [] }, { url: '/tea' })).toBe(true);
  });

  it('of many stars does not hang on a long page', () => {
    const glob = `/${'**a'.repeat(100)}!`;
    expect(isTargeted({ urls: [glob], query: [] }, { url: `/${'a'.repeat(2000)}` })).toBe(false);
  });
});

describe('a query rule', () => {
  it.each<[QueryRule['operator'], string, string | undefined, boolean]>([
    ['equals', 'plan', 'pro', true],
    ['equals', 'plan', 'team', true],
    ['equals', 'plan', 'PRO', true],
    ['equals', 'term', 'café au lait', true],
    ['equals', 'missing', '', false],
    ['equals', 'empty', '', true],
    ['not_equals', 'plan', 'free', true],
    ['not_equals', 'plan', 'team', false],
    ['not_equals', 'plan', 'TEAM', false],
    ['not_equals', 'missing', 'pro', true],
    ['contains', 'term', 'au', true],
    ['contains', 'term', 'thé', false],
    ['contains', 'term', 'AU', false],
    ['contains', 'missing', '', false],
    ['exists', 'empty', undefined, true],
    ['exists', 'missing', undefined, false],
    ['exists', 'x', undefined, false],
    ['not_exists', 'missing', undefined, true],
    ['not_exists', 'plan', undefined, false],
    ['regex', 'plan', '^(pro|basic)$', true],
    ['regex', 'plan', 'ea', true],
    ['regex', 'plan', '^fragment$', false],
    ['regex', 'missing', '.*', false],
  ])('%s: %s, %s is %s', (operator, parameter, value, expected) => {
    expect(fits([{ operator, parameter, value }])).toBe(expected);
  });

  it('must match together with all others', () => {
    const holds: QueryRule = { parameter: 'plan', operator: 'equals', value: 'pro' };
    const fails: QueryRule = { parameter: 'plan', operator: 'not_exists' };
    expect(fits([holds, holds])).toBe(true);
    expect(fits([holds, fails])).toBe(false);
  });

  it.each([
    ['?plan=pro', true],
    ['plan=pro', true],
    ['?plan=free', false],
    ['', true],
  ])('prefers the search %o to the query of the URL: %s', (search, expected) => {
    expect(fits([{ parameter: 'plan', operator: 'equals', value: 'pro' }], { url: URL, search })).toBe(expected);
  });

  it('does not hang on a malicious value', () => {
    const search = `q=${'a'.repeat(2000)}!`;
    expect(fits([{ parameter: 'q', operator: 'regex', value: '^(a+)+$' }], { search })).toBe(false);
  });
});

describe('targeting', () => {
  it('accepts a request without a URL, whose caller chose the page', () => {
    expect(isTargeted({ urls: ['/cart'], query: [] })).toBe(true);
    expect(isTargeted({ urls: ['/cart'], query: [{ parameter: 'plan', operator: 'exists' }] }, {})).toBe(true);
  });

  it('applies the query rules to a search without a URL', () => {
    const query: QueryRule[] = [{ parameter: 'plan', operator: 'equals', value: 'pro' }];
    expect(isTargeted({ urls: ['/cart'], query }, { search: '?plan=pro' })).toBe(true);
    expect(isTargeted({ urls: ['/cart'], query }, { search: '?plan=free' })).toBe(false);
  });

  it('requires the page and the query', () => {
    const query: QueryRule[] = [{ parameter: 'plan', operator: 'exists' }];
    expect(isTargeted({ urls: ['/'], query }, { url: URL })).toBe(true);
    expect(isTargeted({ urls: ['/cart'], query }, { url: URL })).toBe(false);
    expect(isTargeted({ urls: ['/'], query }, { url: '/' })).toBe(false);
  });

  it('survives any string as a page', () => {
    const page = fc.record({ url: fc.string(), search: fc.string() }, { requiredKeys: [] });
    fc.assert(
      fc.property(page, fc.string({ minLength: 1 }), (anything, glob) => {
        const query: QueryRule[] = [{ parameter: 'a', operator: 'regex', value: 'b' }];
        expect(typeof isTargeted({ urls: [glob], query }, anything)).toBe('boolean');
      }),
    );
  });
});
