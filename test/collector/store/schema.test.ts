import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { createCollector } from '../../../src/collector/index.js';

// Made by the version before the measured tables: 12 visitors, every third one without a session in the impression.
const FORMAT_3 = fileURLToPath(new URL('./format-3.db', import.meta.url));

it('a file of format 3 is measured when it is opened, and takes events', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ours-collector-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const data = join(folder, 'events.db');
  copyFileSync(FORMAT_3, data);
  for (const _ of ['migrated', 'opened again']) {
    const collector = await createCollector({ data });
    const { experiments, events, total } = collector.report();
    expect([...events]).toHaveLength(54);
    expect(total).toBe(54);
    expect(
      experiments[0]!.variants.map(({ name, impressions, conversions, secondary }) => [
        name,
        impressions,
        conversions,
        [...secondary],
      ]),
    ).toEqual([
      ['a', 3, 1, [['add_to_cart', 3]]],
      ['b', 4, 1, [['add_to_cart', 4]]],
    ]);
    await collector.close();
  }
});
