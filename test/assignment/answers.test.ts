import { expect, it } from 'vitest';
import { toAssignment } from '../../src/assignment/from-wire.js';
import { rig, until } from '../support/client.js';

it('has the service’s key of the experiment, else the requested one', () => {
  const answer = { in_experiment: true, variant_name: 'blue' } as const;
  expect(toAssignment('asked', answer)).toMatchObject({ experimentKey: 'asked', variantName: 'blue' });
  expect(toAssignment('asked', { ...answer, experiment_key: 'told' })).toMatchObject({ experimentKey: 'told' });
});

it('uses the variant’s id if it has no name, and is no assignment without either', () => {
  expect(toAssignment('e', { in_experiment: true, variant_id: 'v_1' })).toMatchObject({ variantName: 'v_1' });
  expect(toAssignment('e', { in_experiment: true, variant_id: 'v_1', variant_name: 'blue' })).toMatchObject({
    variantName: 'blue',
  });
  expect(toAssignment('e', { in_experiment: true })).toMatchObject({ why: 'the answer has no variant.' });
  expect(toAssignment('e', {})).toMatchObject({ why: expect.stringContaining('has no in_experiment') });
});

it('gives all callers of one question the reason of its failure, with one request', async () => {
  const { client, collector, warnings } = await rig({ assignTimeoutMs: 30_000 });
  collector.faults.next({ kind: 'delay', ms: 20 });
  const ask = (url: string) => client.assign('unknown', { userId: 'v1', sessionId: 's1', url });
  const first = ask('https://shop.example/a');
  await until(() => collector.requests === 1);
  const others = [ask('https://shop.example/b'), ask('https://shop.example/c')];
  for (const answer of await Promise.all([first, ...others])) {
    expect(answer).toMatchObject({ inExperiment: false, reason: 'fallback' });
  }
  expect(collector.requests).toBe(1);
  expect(warnings).toHaveLength(1);
});

it('shortens the experiment’s key in the warning', async () => {
  const { client, warnings } = await rig();
  await client.assign('k'.repeat(500), { userId: 'v1' });
  expect(warnings).toEqual([expect.stringMatching(/^\[?.*experiment 'k{80}': /)]);
});

it.each(['false', 0, {}])('records nothing if record is %o, which is not a boolean', async (record) => {
  const { client, collector, warnings } = await rig();
  const answer = await client.assign('checkout', { userId: 'v1', record: record as boolean });
  expect(answer).toMatchObject({ inExperiment: false, reason: 'fallback' });
  expect(warnings).toEqual([expect.stringContaining('record must be true or false; got')]);
  expect(collector.requests).toBe(0);
});
