import { describe, expect, it } from 'vitest';
import { rig } from '../support/client.js';

const variants = [{ name: 'classic' }, { name: 'one_page' }];
const collector = { goal: 'purchase', experiments: ['checkout', 'brand_new'].map((key) => ({ key, variants })) };

describe('a client with a catalogue of experiments', () => {
  it('still requests another experiment, and warns once that it is not in the catalogue', async () => {
    const { client, warnings } = await rig({
      assignTimeoutMs: 5_000,
      experiments: { checkout: ['classic', 'one_page'] },
      collector,
    });
    expect(await client.assign('checkout', { userId: 'v1' })).toMatchObject({ inExperiment: true });
    expect(warnings).toEqual([]);
    for (const userId of ['v1', 'v2']) {
      expect(await client.assign('brand_new', { userId })).toMatchObject({ inExperiment: true });
    }
    expect(warnings).toEqual([
      expect.stringMatching(/'brand_new' is not in your experiments.*Known: checkout.*ours-ingest pull/),
    ]);
  });

  it('does not take a property of every object as an experiment', async () => {
    const { client, warnings } = await rig({ experiments: { checkout: [] }, collector });
    await client.assign('constructor', { userId: 'v1' });
    expect(warnings[0]).toContain("'constructor' is not in your experiments");
  });
});
