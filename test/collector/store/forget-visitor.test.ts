import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CollectorOptions, createCollector } from '../../../src/collector/index.js';
import { forgetInFile } from '../../../src/collector/store/forget-visitor.js';
import { post, postRows, row, started } from '../posting.js';

const experiment = { key: 'x', variants: [{ name: 'a' }, { name: 'b' }], primary: 'purchase' } as const;

function dataFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ours-collector-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'events.db');
}

/** A person with two names, and another person. */
async function withPeople(options: CollectorOptions = {}) {
  const collector = await started({ experiments: [experiment], ...options });
  await post(collector, '/experiments/assignments/x', { token: 'exp_shop', visitor_id: 'patient-visitor' });
  await postRows(
    collector,
    row({ userId: 'patient-visitor', distinctId: 'a' }),
    row({ userId: 'patient-visitor', externalId: 'patient-1', distinctId: 'b' }),
    row({ userId: undefined, email: 'Patient@example.org', externalId: 'patient-1', distinctId: 'c' }),
    row({ userId: 'other', distinctId: 'd' }),
  );
  return collector;
}

describe('a collector forgets a person', () => {
  it.each([{ userId: 'patient-visitor' }, { externalId: 'patient-1' }, { email: 'patient@EXAMPLE.org' }])(
    'by any of the names that were seen together: %j',
    async (person) => {
      const collector = await withPeople();
      const before = collector.events().length;
      const { events, assignments } = collector.forget(person);
      expect(events).toBe(before - 1);
      expect(assignments).toBe(1);
      expect(collector.events().map(({ distinctId }) => distinctId)).toEqual(['d']);
      expect(collector.forget(person)).toEqual({ events: 0, assignments: 0 });
    },
  );

  it.each(['itself', 'another process'])('and reports results without them at once, forgotten by %s', async (by) => {
    const data = dataFile();
    const collector = await withPeople({ data });
    const impressions = (): number =>
      collector.report().experiments[0]!.variants.reduce((sum, variant) => sum + variant.impressions, 0);
    expect(impressions()).toBe(1);
    if (by === 'itself') collector.forget({ externalId: 'patient-1' });
    else forgetInFile(data, { externalId: 'patient-1' }, false);
    expect(impressions()).toBe(0);
  });

  it.each([
    ['the field email', { email: 'JÖRG.MÜLLER@x.de' }],
    ['userProperties.email', { userProperties: { email: 'JÖRG.MÜLLER@x.de' } }],
    ['a capital that grows by folding', { email: 'İ.JÖRG@x.de' }, 'i̇.jörg@x.de'],
  ])(
    'and the refused rows that mention the person in %s, whatever the capitals',
    async (_, sent, email = 'jörg.müller@x.de') => {
      const data = dataFile();
      const collector = await started({ data, allowedEvents: ['purchase'] });
      await postRows(
        collector,
        row({ event: 'visit', userId: 'v1', distinctId: 'a', ...sent }),
        row({ event: 'visit', userId: 'v2', distinctId: 'b' }),
      );
      expect(forgetInFile(data, { email }, true)).toEqual({ events: 1, assignments: 0 });
      expect(collector.forget({ email })).toEqual({ events: 1, assignments: 0 });
      expect(collector.recent(10).map(({ event }) => event.userId)).toEqual(['v2']);
    },
  );

  it('and starts over when the person returns', async () => {
    const collector = await withPeople();
    collector.forget({ externalId: 'patient-1' });
    expect((await postRows(collector, row({ userId: 'patient-visitor', distinctId: 'a' }))).status).toBe(200);
    expect(collector.events().map(({ distinctId }) => distinctId)).toEqual(['d', 'a']);
  });

  it('in its file, so that no trace of the person can be read, and no one else', async () => {
    const data = dataFile();
    const collector = await withPeople({ data });
    await collector.close();
    expect(forgetInFile(data, { externalId: 'patient-1' }, true)).toEqual({ events: 4, assignments: 1 });
    expect(forgetInFile(data, { externalId: 'patient-1' }, false)).toEqual({ events: 4, assignments: 1 });
    expect(readFileSync(data, 'latin1')).not.toMatch(/patient/i);
    const after = await createCollector({ data });
    onTestFinished(() => after.close());
    expect(after.events().map(({ distinctId }) => distinctId)).toEqual(['d']);
  });

  it.each([{}, { userId: '' }, { email: 7 }])('only if a person is named: not for %j', async (unnamed) => {
    const collector = await withPeople();
    expect(() => collector.forget(unnamed as object)).toThrow(/forget/);
    expect(collector.events().length).toBeGreaterThan(3);
  });
});
