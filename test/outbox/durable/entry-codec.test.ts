import { describe, expect, it } from 'vitest';
import { EntryCodec } from '../../../src/outbox/durable/entry-codec.js';
import { toBytes } from '../../../src/protocol/bytes.js';
import { identifyEntry, trackEntry } from '../../support/entries.js';
import { keyOf } from '../../support/keys.js';

const DAMAGED = { why: 'damaged', message: 'it was written only in part, or changed' };

describe.each([
  ['plain', new EntryCodec({})],
  ['sealed', new EntryCodec({ sealingKeys: [keyOf(1)] })],
])('a %s record', (_, codec) => {
  it.each([
    ['a track', trackEntry('a', { userId: 'u', externalId: 'x', email: 'a@example.org' }, 42)],
    ['an identify', identifyEntry('a', { externalId: 'x' })],
    ['a track whose body is not JSON, which the service refuses', { ...trackEntry('a'), body: toBytes('{"time"') }],
  ])('of %s is read as it was written', (_, entry) => {
    expect(codec.read('a', codec.write(entry))).toMatchObject({ ...entry, body: expect.any(Uint8Array) });
  });

  it.each(['{"externalId":', '[]', 'null', '7', '"text"'])('of an identify with the body %s is damaged', (body) => {
    const record = codec.write({ ...identifyEntry('a', { externalId: 'x' }), body: toBytes(body) });
    expect(codec.read('a', record)).toEqual(DAMAGED);
    // Whoever asks to be forgotten is still found.
    expect(codec.readAny('a', record)).toMatchObject({ externalId: 'x' });
  });

  it.each([
    { kind: 'alias' },
    { kind: undefined },
    { event: null },
    { time: '42' },
    { userId: 7 },
    { externalId: null },
    { email: {} },
  ])('with the fields %j is damaged', (fields) => {
    const record = codec.write({ ...trackEntry('a'), ...fields } as never);
    expect(codec.read('a', record)).toEqual(DAMAGED);
    expect(codec.readAny('a', record)).toBeUndefined();
  });
});
