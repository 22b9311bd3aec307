import { describe, expect, it } from 'vitest';
import { rig } from '../support/client.js';
import { answer, clientWith } from '../support/clients.js';

const URL_WITH_SECRETS = 'https://shop.example/reset?token=SECRET&plan=gold#SECRET';

describe('a visitor’s page', () => {
  it('is told to the service without its query and fragment, which may hold anything', async () => {
    const { client, collector } = await rig();
    client.visitor({ userId: 'v', url: URL_WITH_SECRETS }).track('viewed');
    await client.flush();
    expect(collector.events()[0]?.defaultProperties?.current_url).toBe('https://shop.example/reset');
  });

  it('is asked for an assignment as it was given, for experiments may target its query', async () => {
    const bodies: string[] = [];
    const { client } = clientWith({
      fetch: async (_url, { body }) => {
        bodies.push(body);
        return answer(200, { success: true, in_experiment: false });
      },
    });
    await client.visitor({ userId: 'v', url: URL_WITH_SECRETS }).assign('plans');
    expect(JSON.parse(bodies[0]!).context).toEqual({ url: URL_WITH_SECRETS });
  });

  it('and the session stay known to an assignment whose options leave them undefined', async () => {
    const bodies: string[] = [];
    const { client } = clientWith({
      fetch: async (_url, { body }) => {
        bodies.push(body);
        return answer(200, {
          success: true,
          in_experiment: true,
          experiment_id: 'e',
          variant_id: 'v',
          variant_name: 'v',
        });
      },
    });
    const visitor = client.visitor({ userId: 'v', sessionId: '1780000000000', url: 'https://shop.example/plans' });
    await visitor.assign('plans');
    await visitor.assign('plans', { url: undefined, sessionId: undefined });
    expect(bodies).toHaveLength(1);
  });

  it('is what the event itself says it is', async () => {
    const { client, collector } = await rig();
    const defaultProperties = { current_url: 'https://shop.example/?plan=gold' };
    client.visitor({ userId: 'v', url: URL_WITH_SECRETS }).track('viewed', {}, { defaultProperties });
    await client.flush();
    expect(collector.events()[0]?.defaultProperties).toMatchObject(defaultProperties);
  });
});
