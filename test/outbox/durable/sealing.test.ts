import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Undelivered } from '../../../src/core/outcome.js';
import { EntryCodec } from '../../../src/outbox/durable/entry-codec.js';
import { createKeyUsage, MAX_SEALED } from '../../../src/outbox/durable/key-usage.js';
import { isSealed, Sealer } from '../../../src/outbox/durable/sealing.js';
import { trackEntry } from '../../support/entries.js';
import { keyOf } from '../../support/keys.js';

const KEY = keyOf(1);
const OTHER = keyOf(2);
const sealerOf = (...keys: Uint8Array[]): Sealer => new Sealer(keys, createKeyUsage());

describe('a fingerprint', () => {
  // Stored entries of one person meet by these: another answer would let an event overtake its identify after an upgrade.
  it('is the same in every version of this package', () => {
    expect(sealerOf(KEY).fingerprints('visitor-1')).toEqual(['dDN31MzR0eQzE_JyqM8Ibc8q_THN4Lhj--xO8q0bRtg']);
    expect(new EntryCodec({}).people(trackEntry('d', { userId: 'visitor-1' }))).toEqual([
      'f844xj_PHbuQ-Am7Ts2xRY_tRXgNNn86tAMvPHPl-Gs',
    ]);
  });

  it('is made with a key derived from the sealing key, never with that itself', () => {
    const derived = createHmac('sha256', KEY).update('ours-ingest fingerprint').digest();
    const [fingerprint] = sealerOf(KEY).fingerprints('visitor-1');
    expect(fingerprint).toBe(createHmac('sha256', derived).update('visitor-1').digest('base64url'));
    expect(fingerprint).not.toBe(createHmac('sha256', KEY).update('visitor-1').digest('base64url'));
  });

  it('comes once for each key, in their order, so that old and new entries meet while keys are rotated', () => {
    const [[old], [added]] = [sealerOf(KEY).fingerprints('v'), sealerOf(OTHER).fingerprints('v')];
    expect(sealerOf(OTHER, KEY).fingerprints('v')).toEqual([added, old]);
  });

  it('covers each name of an entry', () => {
    const people = (who: object) => new EntryCodec({ sealingKeys: [KEY] }).people(trackEntry('d', who));
    const [user, customer, email] = [{ userId: 'u' }, { externalId: 'x' }, { email: 'a@example.org' }].map(people);
    expect(people({ userId: 'u', externalId: 'x', email: 'a@example.org' })).toEqual([
      ...user!,
      ...customer!,
      ...email!,
    ]);
  });
});

describe('a sealed text', () => {
  it('of an earlier version opens', () => {
    expect(
      sealerOf(OTHER, KEY).open('sealed:1:311b4396:364zYJGRWk74tV6jQ//5ohsD2K18L7CcPnAL1agHS1cM5+NO', 'purchase:17'),
    ).toBe('an order');
  });

  it('opens in its own context and with its own key only', () => {
    const sealed = sealerOf(KEY).seal('an order', 'purchase:17');
    expect([isSealed(sealed), isSealed('an order')]).toEqual([true, false]);
    expect(sealerOf(OTHER, KEY).open(sealed, 'purchase:17')).toBe('an order');
    expect(sealerOf(KEY).open(sealed, 'purchase:18')).toMatchObject({ why: 'damaged' });
    expect(sealerOf(OTHER).open(sealed, 'purchase:17')).toEqual({
      why: 'no_key',
      message: expect.stringContaining('not among sealingKeys'),
    });
  });

  it('that was cut short or changed does not open', () => {
    const sealed = sealerOf(KEY).seal('an order', 'purchase:17');
    for (let length = 'sealed:1:'.length; length < sealed.length; length++) {
      expect(sealerOf(KEY).open(sealed.slice(0, length), 'purchase:17')).toMatchObject({ why: 'damaged' });
    }
  });
});

describe('the reason of a dead letter', () => {
  const records = new EntryCodec({ sealingKeys: [KEY] });
  const outcome: Undelivered = { status: 'rejected', code: 'invalid_event', message: 'about one person' };

  it('is read together with its own letter only', () => {
    const text = records.writeOutcome('purchase:1', outcome);
    expect(records.readOutcome('purchase:1', text)).toEqual(outcome);
    expect(records.readOutcome('purchase:2', text)).toEqual({
      status: 'rejected',
      code: 'unreadable',
      message: expect.stringContaining('changed after it was sealed'),
    });
  });

  it('cannot be swapped with an event, whatever its id', () => {
    const text = records.writeOutcome('a', outcome);
    expect(records.read('outcome\na', text)).toMatchObject({ why: 'damaged' });
    const entry = records.write(trackEntry('outcome\na'));
    expect(records.readOutcome('a', entry)).toMatchObject({ code: 'unreadable' });
  });
});

describe('the use of a key', () => {
  it('is counted for each, and there is a notice every so many records, to be taken once', () => {
    const usage = createKeyUsage(3);
    const records = new EntryCodec({ sealingKeys: [KEY] }, usage);
    const others = new EntryCodec({ sealingKeys: [OTHER, KEY] }, usage);
    records.write(trackEntry('a'));
    others.write(trackEntry('b'));
    records.writeOutcome('a', { status: 'dropped', reason: 'too_old' });
    expect(records.takeNotice()).toBeUndefined();
    records.write(trackEntry('c'));
    expect(others.takeNotice()).toMatch(
      /sealed 3 records with key 311b4396, .* good for 4,294,967,296 .*new key first/,
    );
    expect(records.takeNotice()).toBeUndefined();
    for (let count = 4; count <= 6; count += 1) records.write(trackEntry('d'));
    expect(records.takeNotice()).toContain('sealed 6 records');
  });

  it('is worth a notice long before the limit', () => {
    const usage = createKeyUsage();
    for (let count = 0; count < 1_000; count += 1) usage.add('key');
    expect(usage.takeNotice()).toBeUndefined();
    expect(MAX_SEALED).toBe(2 ** 32);
  });
});
