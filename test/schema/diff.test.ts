import { describe, expect, it } from 'vitest';
import { diffSchemas } from './diff.js';
import { readFixture, readPublished } from './facts.js';

const published = {
  note: 'words',
  track: {
    event: 'string',
    'time?': 'number | null',
    'defaultProperties?': 'TrackEventParams.DefaultProperties | null',
  },
  experiments: { Context: { 'url?': 'string | null' } },
};

const fixture = {
  objects: {
    track: {
      event: 'string',
      time: 'number, optional, nullable',
      defaultProperties: 'defaultProperties, optional, nullable',
    },
    context: { url: 'string, optional, nullable' },
  },
};

const changes = (newer: unknown): string[] => diffSchemas(readFixture(fixture), readPublished(newer));

describe('a newer schema', () => {
  it('that says the same changes nothing', () => {
    expect(changes(published)).toEqual([]);
  });

  it('is named field by field: added, removed, retyped, nullable, optional', () => {
    const track = { event: 'number', time: 'number', 'name?': '{ [key: string]: string | null } | null' };
    expect(changes({ ...published, track })).toEqual([
      'retyped  track.event: string → number',
      'null     track.time: may no longer be null',
      'presence track.time: may no longer be left out',
      'removed  track.defaultProperties: defaultProperties, optional, nullable',
      'added    track.name: map of string or null, optional, nullable',
    ]);
  });

  it('may have other objects', () => {
    expect(changes({ track: published.track, experiments: { New: { id: 'string' } } })).toEqual([
      'removed  context (object)',
      'removed  context.url: string, optional, nullable',
      'added    New (object)',
      'added    New.id: string',
    ]);
  });

  it('that is no schema is refused', () => {
    expect(() => readPublished([])).toThrow('the file: expected an object');
    expect(() => readPublished({ track: { event: 1 } })).toThrow('track.event: expected a type as a string');
  });
});
