import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/core/refusal.js';
import { refusalOf, rowOf, track } from './encoding.js';

const IDS = ['userId', 'externalId', 'email', 'distinctId', 'event'];

describe('an id or a name', () => {
  it.each(
    IDS.flatMap((field) =>
      ['undefined', 'null', 'NaN', '[object Object]', '[object Promise]'].map((text) => [field, text]),
    ),
  )('is refused where a template had no value to write: %s %j', (field, text) => {
    expect(refusalOf(track({ [field!]: text }))).toEqual(
      new Refusal(
        'invalid_field',
        `${field} contains '${text}', which templates and String() produce for a missing value: fix the code that fills it, or leave the field out.`,
      ),
    );
  });

  it('is refused where a part of it is missing, or every purchase without an id would be one', () => {
    for (const distinctId of ['purchase:undefined', 'purchase:null:2', 'NaN:1']) {
      expect(refusalOf(track({ distinctId })).message).toMatch(/^distinctId contains '(undefined|null|NaN)'/);
    }
  });

  it.each(IDS)('is refused with blanks or quotes around it: %s', (field) => {
    for (const text of [' v', 'v ', 'v\n', '\u00a0v']) {
      expect(refusalOf(track({ [field]: text })).message).toBe(`${field} has blanks around it: trim it.`);
    }
    for (const text of ['"v"', "'v'"]) {
      expect(refusalOf(track({ [field]: text })).message).toBe(
        `${field} has quotes around it: remove them, or parse the JSON it comes from.`,
      );
    }
  });

  it.each([
    ['nullify'],
    ['my undefined'],
    ['undefinedBehaviour'],
    ["O'Brien"],
    ['a "quoted" part'],
    ['two words'],
    ['org:NaNcy'],
    ['[object'],
  ])('may hold such words inside: %j', (text) => {
    for (const field of IDS) expect(rowOf(track({ [field]: text }))[field]).toBe(text);
  });

  it('of hex, base64 and UUIDs is never taken for a slip', () => {
    const id = fc.oneof(fc.uuid(), fc.base64String({ minLength: 1 }), fc.integer({ min: 0 }).map(String));
    fc.assert(fc.property(id, (userId) => track({ userId, sessionId: userId }) instanceof Refusal === false));
  });
});

describe('a whole cookie', () => {
  const HEADER = 'ours_device_id=4f1c; _cord_sdk_data=%7B%22sid%22%3A%22sid_1%22%7D';

  it.each([
    [HEADER],
    ['ours_sid=sid_1'],
    ['{"sid":"sid_1"}'],
    ['%7B%22sid%22%3A%22sid_1%22%7D'],
    ['sid_1; theme=dark'],
  ])('is no session: %j', (sessionId) => {
    expect(refusalOf(track({ sessionId }))).toEqual(
      new Refusal('invalid_field', 'sessionId is a whole cookie: pass only its sid.'),
    );
  });

  it('is no visitor', () => {
    expect(refusalOf(track({ userId: HEADER })).message).toBe(
      'userId is a whole cookie: pass only the value of ours_device_id.',
    );
  });

  it('is what an LDAP name and an address of e-mail may look like, which are taken', () => {
    const externalId = 'cn=ada,ou=people';
    const email = 'bounce+ada=example.org@example.com';
    expect(rowOf(track({ externalId, email }))).toMatchObject({ externalId, email });
  });
});

describe('a session', () => {
  it.each([
    ['an object', {}],
    ['an array', ['1']],
    ['a boolean', true],
  ])('that is %s refuses the event instead of getting lost', (came, sessionId) => {
    expect(refusalOf(track({ sessionId })).message).toBe(`sessionId must be a string; got ${came}.`);
  });

  it('that a template or a number without a value wrote is refused, but for the words that browsers’ cookies hold', () => {
    for (const sessionId of ['[object Object]', 'NaN', 'sid_NaN']) {
      expect(refusalOf(track({ sessionId })).message).toMatch(/^sessionId contains '(\[object Object\]|NaN)'/);
    }
    expect(rowOf(track({ sessionId: 'sid_undefined' }))).toEqual(rowOf(track({})));
  });
});
