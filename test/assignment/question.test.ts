import { describe, expect, it } from 'vitest';
import { checkAsked, checkAssign, toQuestion, WAIT_NAMES } from '../../src/assignment/question.js';

describe('a question', () => {
  it('has one answer for a page in all sessions, and one exposure for a session on all pages', () => {
    const one = toQuestion('e', { userId: 'v', url: 'https://shop.example/a?x=1', sessionId: 'sid_1' });
    const otherSession = toQuestion('e', { userId: 'v', url: 'https://shop.example/a?x=1', sessionId: '2' });
    const otherPage = toQuestion('e', { userId: 'v', url: 'https://shop.example/b', sessionId: '1' });
    expect([one.page === otherSession.page, one.unit === otherSession.unit]).toEqual([true, false]);
    expect([one.page === otherPage.page, one.unit === otherPage.unit]).toEqual([false, true]);
  });

  it('keeps the last assignment by path, without query and fragment', () => {
    const places = ['https://shop.example/a', 'https://shop.example/a?x=1', 'https://shop.example/a#b'].map(
      (url) => toQuestion('e', { userId: 'v', url }).place,
    );
    expect(new Set(places).size).toBe(1);
  });

  it('records by default; an exposure lasts six hours with a session and 25 minutes without', () => {
    const { record, unitMs } = toQuestion('e', { userId: 'v', sessionId: '1' });
    expect([record, unitMs]).toEqual([true, 6 * 60 * 60_000]);
    expect(toQuestion('e', { userId: 'v', record: false })).toMatchObject({ record: false, unitMs: 25 * 60_000 });
  });
});

describe('the input of a question', () => {
  it.each<[string, object, RegExp]>([
    ['', { userId: 'v' }, /experiment key/],
    ['e', { userId: 'v', record: 'false' }, /record must be true or false/],
    ['e', { userId: 'v', visitor: 'x' }, /unknown field/],
    ['e', { userId: ' v' }, /userId/],
  ])('is checked: %j %j', (key, asked, why) => {
    expect(checkAssign(key, asked as never)?.why).toMatch(why);
  });

  it('may lack the visitor, which is not misuse', () => {
    for (const userId of [undefined, null, '']) {
      expect(checkAssign('e', { userId } as never)).toBeUndefined();
      expect(checkAsked('personalization()', { userId } as never, WAIT_NAMES)).toBeUndefined();
    }
  });

  it('must be an object', () => {
    expect(checkAssign('e', undefined as never)?.why).toBe('assign() takes { userId }; got nothing.');
    expect(checkAsked('personalization()', 'v' as never, WAIT_NAMES)?.why).toBe(
      'personalization() takes { userId }; got a string.',
    );
  });
});
