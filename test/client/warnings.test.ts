import { describe, expect, it } from 'vitest';
import { createClient as createEdgeClient } from '../../src/edge.js';
import { createClient } from '../../src/index.js';
import { clientWith } from '../support/clients.js';

describe('warnings', () => {
  it('are few however many names visitors make up, and keep none of them', async () => {
    const { client, said } = clientWith();
    for (let at = 0; at < 2_000; at += 1) {
      client.track({ event: `${at}`.padEnd(500, 'n'), userId: 'v', eventProperties: JSON.parse('{"__proto__":1}') });
    }
    await client.flush();
    expect(said).toHaveLength(65);
    expect(said[0]).toMatch(/^.{0,300}$/);
  });

  it('of a name as long as a book are short', () => {
    const { client, said } = clientWith();
    client.track({ event: 'purchase', userId: 'v', eventProperties: { ['x'.repeat(100_000)]: new Map() } });
    expect(said).toHaveLength(1);
    expect(said[0]!.length).toBeLessThan(300);
  });
});

describe.each([
  ['index', createClient],
  ['edge', createEdgeClient],
])('the client of %s', (_, create) => {
  const warned = (baseUrl: string, options: object = {}): string[] => {
    const said: string[] = [];
    create({ token: 'test_7QmZ2xRkW9', baseUrl, logger: { warn: (line) => void said.push(line) }, ...options });
    return said;
  };

  it('warns once of an address that is reached by http, for events cross the network readable', () => {
    expect(warned('http://ingest.example:8080/api/v1')).toEqual([
      '[ours-ingest] ingest.example:8080 is reached over http, which exposes the token and all personal data: use https.',
    ]);
  });

  it('does not warn of this machine, of https, or where nothing is sent', () => {
    for (const host of ['localhost:4318', '127.0.0.1:4318', '[::1]:4318'])
      expect(warned(`http://${host}/v1`)).toEqual([]);
    expect(warned('https://ingest.example/v1')).toEqual([]);
    expect(warned('http://ingest.example/v1', { disabled: true })).toEqual([]);
  });
});
