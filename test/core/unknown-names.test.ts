import { describe, expect, it } from 'vitest';
import { identify, refusalOf, rowOf, track } from '../protocol/encoding.js';

/** What the refusal of an event with this field suggests instead. */
const hint = (field: string): string | undefined =>
  /did you mean (\w+)\?/.exec(refusalOf(track({ [field]: 'canary' })).message)?.[1];

describe('a field that nothing reads', () => {
  it('refuses the event with the field’s name and what was probably meant, and never shows its value', () => {
    expect(refusalOf(track({ properties: { email: 'ada@example.org' } }))).toMatchObject({
      code: 'unknown_field',
      message: "the event has an unknown field: 'properties' (did you mean eventProperties?).",
    });
  });

  it.each([
    // Segment
    ['properties', 'eventProperties'],
    ['traits', 'userProperties'],
    ['anonymousId', 'userId'],
    ['messageId', 'distinctId'],
    ['timestamp', 'time'],
    ['context', 'defaultProperties'],
    // PostHog and Mixpanel
    ['distinct_id', 'userId'],
    ['$set', 'userProperties'],
    ['$insert_id', 'distinctId'],
    ['uuid', 'distinctId'],
    // Ours, misspelt
    ['sessionID', 'sessionId'],
    ['session_id', 'sessionId'],
    ['sesionId', 'sessionId'],
    ['eventproperties', 'eventProperties'],
    ['eventProps', 'eventProperties'],
    ['event_properties', 'eventProperties'],
    ['visitorId', 'userId'],
    ['user_id', 'userId'],
    ['distinctID', 'distinctId'],
    ['ip', 'identityContext'],
  ])('%s is taken for %s', (field, meant) => {
    expect(hint(field)).toBe(meant);
  });

  it('that resembles none is answered with those there are', () => {
    expect(hint('integrations')).toBeUndefined();
    expect(refusalOf(track({ integrations: true })).message).toContain(
      "'integrations' (known are event, eventProperties, userId, externalId, email, sessionId,",
    );
  });

  it('is named with all others at once, and a thousand fill no log', () => {
    const { message } = refusalOf(track({ properties: {}, timestamp: 1 }));
    expect(message).toContain("'properties' (did you mean eventProperties?), 'timestamp' (did you mean time?)");
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`${n}`.repeat(200), 1]));
    expect(refusalOf(track(many)).message.length).toBeLessThan(2_000);
  });

  it('may be there without a value, or inherited, as in a class of the program’s own', () => {
    const inherited = Object.create({ properties: {} }) as object;
    expect(rowOf(track({ properties: undefined }))).toEqual(rowOf(track({})));
    expect(rowOf(track(Object.assign(inherited, {})))).toEqual(rowOf(track({})));
  });

  it('is refused for a person too, with the person’s names', () => {
    expect(refusalOf(identify({ traits: { plan: 'gold' } })).message).toContain('did you mean userProperties?');
  });

  it('is sent all the same among the properties, whose names the service may extend', () => {
    const row = rowOf(track({ userProperties: { loyalty_tier: 'gold' }, defaultProperties: { viewport: 'wide' } }));
    expect(row).toMatchObject({ userProperties: { loyalty_tier: 'gold' }, defaultProperties: { viewport: 'wide' } });
  });
});
