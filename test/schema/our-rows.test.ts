import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/core/refusal.js';
import { toBatches, toRequest } from '../../src/delivery/batch.js';
import { createClient } from '../../src/index.js';
import { fromBytes } from '../../src/protocol/bytes.js';
import { BOOLEAN_FIELDS, CAMPAIGN_FIELDS, NUMBER_FIELDS, PAGE_FIELDS } from '../../src/protocol/fields.js';
import { LIBRARY } from '../../src/protocol/library.js';
import { exactReading } from '../../src/protocol/time.js';
import { identify, NOW, track } from '../protocol/encoding.js';
import { hostileMap, hostileValue } from '../protocol/hostile.js';
import { refusals } from './conforms.js';
import { readFixture } from './facts.js';

const schema = readFixture(
  JSON.parse(readFileSync(new URL('../fixtures/ingest-schema.json', import.meta.url), 'utf8')),
);
const namesOf = (object: string): string[] => [...schema.get(object)!.keys()];

// Mostly valid, because events that are refused at the call are never sent.
const name = fc.oneof(
  { arbitrary: fc.string({ minLength: 1 }).map((text) => () => text), weight: 9 },
  { arbitrary: hostileValue(), weight: 1 },
);

const input = fc.record(
  {
    eventProperties: hostileMap(),
    userProperties: hostileMap(...namesOf('userProperties'), 'other'),
    defaultProperties: hostileMap(...namesOf('defaultProperties'), 'other'),
    externalId: name,
    email: name,
    distinctId: name,
    sessionId: name,
    time: fc.oneof(
      hostileValue(),
      fc.integer({ min: NOW - 1e6, max: NOW }).map((time) => () => time),
    ),
    identityContext: fc.oneof(
      hostileValue(),
      fc.constant(() => ({ ip: '203.0.113.7', userAgent: 'Browser/1' })),
    ),
  },
  { requiredKeys: [] },
);

/** The entry of an input, or `undefined` if it is refused or its getters throw. */
function encoded(of: typeof track, makers: Readonly<Record<string, (() => unknown) | undefined>>) {
  try {
    const fields = Object.fromEntries(Object.entries(makers).map(([name, make]) => [name, make?.()]));
    const entry = of(fields);
    return entry instanceof Refusal ? undefined : entry;
  } catch {
    return undefined;
  }
}

describe('the schema accepts every body of ours', () => {
  it('for any tracked event', () => {
    fc.assert(
      fc.property(input, (makers) => {
        const entry = encoded(track, makers);
        if (entry !== undefined) expect(refusals(schema, 'batchRow', JSON.parse(fromBytes(entry.body)))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('for any identify, once or several times in one request', () => {
    fc.assert(
      fc.property(fc.array(input, { minLength: 1, maxLength: 3 }), (inputs) => {
        const entries = inputs.flatMap((makers) => encoded(identify, makers) ?? []);
        for (const batch of toBatches(entries)) {
          const { body } = toRequest(batch, 'test_shop', exactReading(NOW));
          const sent = JSON.parse(fromBytes(body));
          expect(refusals(schema, 'identify', sent)).toEqual([]);
          expect(sent.userProperties.consent).not.toEqual({});
        }
      }),
      { numRuns: 300 },
    );
  });

  it('for any assignment', async () => {
    const bodies: unknown[] = [];
    const ours = createClient({
      token: 'test_shop',
      experimentToken: 'exp_shop',
      fetch: async (_, { body }) => {
        bodies.push(JSON.parse(body));
        return new Response('{"success":true,"in_experiment":false,"personalizations":[]}');
      },
    });
    const maybe = fc.option(fc.webUrl({ withQueryParameters: true }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), maybe, maybe, fc.boolean(), async (userId, url, search, record) => {
        await ours.assign('checkout', { userId, url, search, record });
      }),
    );
    expect(bodies.length).toBeGreaterThan(0);
    for (const body of bodies) expect(refusals(schema, 'assignmentRequest', body)).toEqual([]);
    bodies.length = 0;
    await ours.personalization({ userId: 'v' });
    expect(refusals(schema, 'personalizationRequest', bodies[0])).toEqual([]);
    await ours.close();
  });

  it('with the version of the library', () => {
    const { name, version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(LIBRARY).toBe(`${name}/${version}`);
  });
});

describe('the table of fields', () => {
  const of = (type: string): string[] =>
    [...schema.get('defaultProperties')!].filter(([, fact]) => fact.type === type).map(([name]) => name);

  it('has every field of defaultProperties with its type, and no other', () => {
    expect(NUMBER_FIELDS.split(' ').sort()).toEqual(of('number').sort());
    expect(BOOLEAN_FIELDS.split(' ').sort()).toEqual(of('boolean').sort());
    expect(`${CAMPAIGN_FIELDS} ${PAGE_FIELDS}`.split(' ').sort()).toEqual(of('string').sort());
  });

  it('has as campaign what the service keeps of an event and of a person, but for what is no query parameter', () => {
    const computed = ['axwrt', 'fbc', 'fbp', 'ip', 'is_bot', 'referrer', 'referring_domain', 'sid', 'user_agent'];
    const shared = namesOf('defaultProperties').filter((name) => schema.get('userProperties')!.has(name));
    expect(CAMPAIGN_FIELDS.split(' ').sort()).toEqual(shared.filter((name) => !computed.includes(name)).sort());
  });
});
