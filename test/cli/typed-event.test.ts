import { describe, expect, it } from 'vitest';
import { setField, toFieldPath, toTypedEvent } from '../../src/cli/typed-event.js';
import { Refusal } from '../../src/core/refusal.js';

describe('the path of a column', () => {
  it.each([
    ['userId', ['userId']],
    ['eventProperties.value', ['eventProperties', 'value']],
    ['eventProperties.a.b', ['eventProperties', 'a.b']],
    ['userProperties.custom_properties.plan', ['userProperties', 'custom_properties', 'plan']],
    ['userProperties.consent.ads', ['userProperties', 'consent', 'ads']],
    ['eventProperties', undefined],
    ['eventProperties.', undefined],
    ['userProperties.consent', undefined],
    ['user_id', undefined],
  ])('%s is %j', (name, path) => {
    expect(toFieldPath(name)).toEqual(path);
  });

  it('leads to a value, within maps that are created', () => {
    const fields = {};
    setField(fields, ['userProperties', 'consent', 'ads'], 'yes');
    setField(fields, ['userProperties', 'city'], 'Graz');
    expect(fields).toEqual({ userProperties: { consent: { ads: 'yes' }, city: 'Graz' } });
  });
});

describe('an event from text', () => {
  it.each([
    ['1767225600000', 1_767_225_600_000],
    ['2026-03-01T09:30:00Z', new Date('2026-03-01T09:30:00Z')],
    ['2026-03-01T10:30:00+01:00', new Date('2026-03-01T09:30:00Z')],
    [undefined, undefined],
    [5, 5],
  ])('reads the time %j', (time, expected) => {
    expect(toTypedEvent({ event: 'a', time })).toEqual({ kind: 'track', input: { event: 'a', time: expected } });
  });

  it.each(['2026-03-01T09:30:00', '2026-03-01', 'now', '-5'])('refuses the time %j', (time) => {
    expect(toTypedEvent({ event: 'a', time })).toBeInstanceOf(Refusal);
  });

  it('is an identify by its name, without time and distinctId', () => {
    expect(toTypedEvent({ event: '$identify', time: 'now', distinctId: 'd', userId: 'u' })).toEqual({
      kind: 'identify',
      input: { event: '$identify', userId: 'u' },
    });
  });
});
