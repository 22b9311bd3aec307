import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { encodeIdentify, type IdentifyInput } from '../../src/protocol/event.js';
import { contextOf, identify, NOW, refusalOf, rowOf } from './encoding.js';

describe('a person', () => {
  it('is the row the service documents: no event, no time, userProperties always', () => {
    expect(rowOf(identify({ userId: 'visitor-1', sessionId: 'sid_42' }))).toEqual({
      userId: 'visitor-1',
      userProperties: {},
      defaultProperties: { sid: '42' },
    });
  });

  it('is an entry of its own kind, with a key and a time by the service’s clock', () => {
    expect(identify({}, { local: NOW, service: NOW + 500.7 })).toMatchObject({
      kind: 'identify',
      event: '$identify',
      distinctId: 'random-1',
      time: NOW + 500,
      userId: 'visitor-1',
    });
  });

  it('is remembered by email and external id, not only looked up by them', () => {
    expect(rowOf(identify({ email: 'ada@example.org', externalId: 'customer-1' })).userProperties).toEqual({
      email: 'ada@example.org',
      external_id: 'customer-1',
    });
  });

  it('keeps the email and external id given as properties', () => {
    const userProperties = { email: 'new@example.org', external_id: 'customer-2' };
    const row = rowOf(identify({ email: 'old@example.org', externalId: 'customer-1', userProperties }));
    expect(row).toMatchObject({ email: 'old@example.org', externalId: 'customer-1', userProperties });
  });

  it('is looked up by an email that is cleared by null', () => {
    const row = rowOf(identify({ email: 'old@example.org', userProperties: { email: null } }));
    expect(row).toMatchObject({ email: 'old@example.org', userProperties: { email: null } });
  });

  it('is remembered by the email where the property says nothing', () => {
    const row = rowOf(identify({ email: 'ada@example.org', userProperties: { email: '', external_id: undefined } }));
    expect(row.userProperties).toEqual({ email: 'ada@example.org' });
  });

  it('has consent and custom properties as maps of strings', () => {
    const userProperties = { consent: { ads: false }, custom_properties: { seats: 3, old: null } };
    expect(rowOf(identify({ userProperties })).userProperties).toEqual({
      consent: { ads: 'false' },
      custom_properties: { seats: '3' },
    });
  });

  it('is no event of the catalogue', () => {
    expect(rowOf(identify({}, { events: { purchase: z.object({}) } })).userId).toBe('visitor-1');
  });

  it('may carry the name under which beforeSend sees it', () => {
    expect(rowOf(identify({ event: '$identify' }))).toEqual(rowOf(identify({})));
  });
});

describe('a person is refused', () => {
  it('without a name', () => {
    expect(refusalOf(identify({ userId: '' })).code).toBe('no_identity');
  });

  it.each([
    ['userId', 400],
    ['externalId', 400],
    ['email', 1000],
  ])('with a %s above %i characters', (field, limit) => {
    expect(rowOf(identify({ [field]: 'x'.repeat(limit) }))[field]).toHaveLength(limit);
    expect(refusalOf(identify({ [field]: 'x'.repeat(limit + 1) })).message).toBe(
      `${field} must be a string of 1–${limit} characters; got ${limit + 1} characters.`,
    );
  });

  it.each([
    ['event', 'purchase'],
    ['distinctId', 'x'],
    ['time', NOW],
    ['eventProperties', { a: 1 }],
  ])('with what only events have, instead of losing it: %s', (field, value) => {
    expect(refusalOf(identify({ [field]: value }))).toMatchObject({
      code: 'unknown_field',
      message: expect.stringContaining(`unknown field: '${field}'`),
    });
  });

  it('with a number for an id', () => {
    expect(refusalOf(identify({ externalId: 42 })).message).toMatch(/^externalId .*got a number\.$/);
  });

  it('with properties that are no map', () => {
    expect(refusalOf(identify({ userProperties: ['a'] })).message).toMatch(/^userProperties .*got an array\.$/);
    expect(refusalOf(identify({ defaultProperties: 1 })).message).toMatch(/^defaultProperties .*got a number\.$/);
  });

  it('when it fits no request, in bytes', () => {
    const userProperties = { custom_properties: { note: 'é'.repeat(600) } };
    expect(refusalOf(identify({ userProperties }, { maxBytes: 1200 }))).toMatchObject({
      code: 'event_too_large',
      message: expect.stringMatching(/'\$identify' is 12\d\d bytes; the limit is 1200\./),
    });
  });

  it('when it is no object', () => {
    expect(refusalOf(encodeIdentify('x' as unknown as IdentifyInput, contextOf())).message).toBe(
      'identify() takes one object; got a string.',
    );
  });
});
