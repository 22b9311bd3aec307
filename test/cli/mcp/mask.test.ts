import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskId, maskProperties, shown } from '../../../src/cli/mcp/mask.js';

describe('ids', () => {
  it.each([
    ['purchase:pi_3OkXyZabcdef1234', 'purchase:pi_3…234'],
    ['5f0c5a52-8a10-4f51-9b8e-0a8f6f5b1c2d', '5f0c…c2d'],
    ['order-7', 'or…'],
    ['purchase:7', 'purchase:…'],
    ['7', '…'],
    ['Ada Lovelace: 1815', 'Ada …815'],
    ['ada@example.com', '(email)'],
    ['signup:ada@example.com', '(email)'],
    ['ada:', '…'],
  ])('%s becomes %s', (id, masked) => expect(maskId(id)).toBe(masked));

  it('never leave whole, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.constantFrom('', 'purchase:', 'Ada:'), (id, prefix) => {
        const masked = maskId(prefix + id);
        // With a capital it is no kind, and part of the id.
        const whole = prefix === 'Ada:' ? prefix + id : id;
        return masked === '(email)' || !masked.replace('purchase:', '').includes(whole) || id === '…';
      }),
    );
  });
});

describe('properties', () => {
  it('keep their names; values only where they are harmless', () => {
    const given = {
      value: '49.90',
      Currency: 'EUR',
      first_name: 'Ada',
      phone_number: '+49 151 2345678',
      condition: 'diabetes',
      note: null,
      nested: { street: 'Main Street 1' },
    };
    expect(maskProperties(given)).toEqual({
      value: '49.90',
      Currency: 'EUR',
      first_name: '(hidden)',
      phone_number: '(hidden)',
      condition: '(hidden)',
      note: 'null',
      nested: '(hidden)',
    });
  });

  it('hide addresses in names and in harmless values', () => {
    expect(maskProperties({ 'ada@example.com': 1, value: 'ada@example.com' })).toEqual({
      '(email)': '(hidden)',
      value: '(email)',
    });
  });

  it('are bounded', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`p${at}`, 'x']));
    expect(Object.keys(maskProperties(many) ?? {})).toHaveLength(50);
    expect(maskProperties({ value: 'x'.repeat(1_000) })).toEqual({ value: 'x'.repeat(60) });
    expect(maskProperties(undefined)).toBeUndefined();
  });
});

it('strings from senders become one short printable line without email addresses', () => {
  expect(shown('a@b.c, "Ada <ada@example.com>" and no @ here')).toBe('(email), "Ada <(email)>" and no @ here');
  expect(shown('a\nb\u202E')).toBe('a\\u000ab\\u202e');
  expect(shown('x'.repeat(1_000))).toHaveLength(100);
});
