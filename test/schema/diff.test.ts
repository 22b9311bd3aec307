import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tempFile } from '../cli/running.js';
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
  it('that is equal has no changes', () => {
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

  it('that is not a schema is refused', () => {
    expect(() => readPublished([])).toThrow('the file: expected an object');
    expect(() => readPublished({ note: 'words' })).toThrow('the file: expected an object for each call');
    expect(() => readPublished({ track: { event: 1 } })).toThrow('track.event: expected a type as a string');
  });
});

describe('npm run schema:diff', () => {
  const compare = (...args: string[]) => {
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', main, ...args], {
      encoding: 'utf8',
    });
    return { status, lines: stdout.trim().split('\n'), stderr };
  };

  it('exits with 1 and the number of differences', async () => {
    const { status, lines } = compare(await tempFile('newer.json', JSON.stringify(published)));
    expect(status).toBe(1);
    expect(lines.at(-1)).toBe(`${lines.length - 1} changes; docs/schema.md says what to do.`);
  });

  it.each([
    ['is not JSON', '{'],
    ['holds no object', '[]'],
    ['is empty', '{}'],
    ['holds other types', '{"track":{"event":1}}'],
  ])('reports in one line that a file %s, and exits with 2', async (_, content) => {
    const file = await tempFile('newer.json', content);
    const { status, stderr } = compare(file);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^[^\n]* holds no schema in the layout of the published types: [^\n]+\n$/);
  });

  it('exits with 2 without a file', () => {
    const { status, stderr } = compare('missing.json');
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^missing\.json .*ENOENT[^\n]*\n$/)]);
    expect(compare()).toMatchObject({ status: 2, stderr: expect.stringContaining('Usage') });
  });
});
