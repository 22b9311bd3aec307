import { expect, it } from 'vitest';
import { answer, clientWith } from '../support/clients.js';

const ASSIGNED = {
  success: true,
  in_experiment: true,
  experiment_id: 'e',
  variant_id: 'v',
  variant_name: 'one_page',
};

it('asks about an experiment that is not in `experiments`, and warns', async () => {
  const paths: string[] = [];
  const { client, said } = clientWith({
    experiments: { checkout: {} } as never,
    fetch: async (url) => {
      paths.push(url);
      return answer(200, ASSIGNED);
    },
  });
  expect(await client.assign('hero' as never, { userId: 'v' })).toMatchObject({ variantName: 'one_page' });
  expect(paths).toHaveLength(1);
  expect(said).toEqual([
    expect.stringContaining(
      "experiment 'hero' is not in your experiments; the service is asked anyway. Known: checkout.",
    ),
  ]);
});

it('takes a name of every object for unknown, too', async () => {
  const { client, said } = clientWith({
    experiments: { checkout: {} } as never,
    fetch: async () => answer(200, ASSIGNED),
  });
  await client.assign('constructor' as never, { userId: 'v' });
  expect(said).toHaveLength(1);
});
