import { describe, expect, it } from 'vitest';
import { createCollector } from '../../src/collector/index.js';
import { startChild } from '../support/child.js';

/** What has arrived of a function that answered, was stopped at once and is killed without ever going on. */
async function arrivedFrom(
  host: 'lambda' | 'worker' | 'netlify' | 'azure' | 'google' | 'unadapted',
): Promise<readonly string[]> {
  await using collector = await createCollector();
  const child = startChild('freezes', collector.baseUrl, { HOST: host });
  await child.started;
  child.kill('SIGKILL');
  expect(await child.end).toMatchObject({ signal: 'SIGKILL', stdout: 'bought\n', stderr: '' });
  return collector.events().map(({ event }) => event);
}

const everything = ['$identify', ...Array.from({ length: 250 }, () => 'purchase')];

describe('a function that is stopped right after it has answered, and killed', () => {
  it.each([1, 2, 3, 4, 5])('has delivered everything it tracked, on a host as Lambda is (%i)', async () => {
    expect((await arrivedFrom('lambda')).toSorted()).toEqual(everything);
  });

  it.each([1, 2, 3, 4, 5])('has delivered everything it tracked, on a host with waitUntil (%i)', async () => {
    expect((await arrivedFrom('worker')).toSorted()).toEqual(everything);
  });

  it.each(['netlify', 'azure', 'google'] as const)('has delivered everything it tracked, on %s', async (host) => {
    expect((await arrivedFrom(host)).toSorted()).toEqual(everything);
  });

  it('has delivered nothing where no adapter waits, so that the others say something', async () => {
    expect(await arrivedFrom('unadapted')).toEqual([]);
  });
});
