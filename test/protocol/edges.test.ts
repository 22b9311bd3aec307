import { describe, expect, it } from 'vitest';
import type { EventSchema } from '../../src/protocol/catalog.js';
import { refusalOf, track } from './encoding.js';

describe('a schema’s complaint', () => {
  /** A schema that refuses everything for the given reason. */
  const refusing = (issue: object): EventSchema => ({
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: () => ({ issues: [{ message: 'a value', ...issue }] }),
    },
  });
  const complaint = (issue: object) =>
    refusalOf(track({ eventProperties: { deep: { list: [7] } } }, { events: { purchase: refusing(issue) } })).message;

  it('without a path, or with an empty one, is about the properties as a whole', () => {
    for (const issue of [{}, { path: undefined }, { path: [] }]) {
      expect(complaint(issue)).toBe("eventProperties of 'purchase' do not fit its schema: the whole (got an object).");
    }
  });

  it('names its place in whichever way the schema does', () => {
    expect(complaint({ path: ['deep', 'list', 0] })).toContain('deep.list.0 (got a number)');
    expect(complaint({ path: [{ key: 'deep' }, { key: 'list' }, { key: 0 }] })).toContain('deep.list.0 (got a number)');
    expect(complaint({ path: ['absent', 'deeper'] })).toContain('absent.deeper (got nothing)');
  });
});
