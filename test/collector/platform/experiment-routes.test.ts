import { describe, expect, it } from 'vitest';
import { post, started } from '../posting.js';
import { draftOf, type ExperimentBody, platformOf, posted } from './platform.js';

const NOW = Date.UTC(2026, 0, 31, 12);
const ISO = '2026-01-31T12:00:00.000Z';

async function platform() {
  const collector = await started({ now: () => NOW });
  return { collector, send: platformOf(collector) };
}

describe('an experiment of the Platform API', () => {
  it('is created as a draft with a control, and has every documented field', async () => {
    const { send } = await platform();
    const { status, body } = await send('POST', '/experiments', {
      ...posted,
      description: 'Two columns',
      type: 'multivariate',
      trafficAllocation: 14,
      includeQueryString: true,
      controlWeight: 50,
      targetingRules: {
        urlPatterns: ['/cart'],
        visitorStatus: 'new',
        queryParams: [{ key: 'plan', operator: 'regex', value: '^pro$' }],
      },
      metrics: { primary: { eventName: 'purchase' }, secondary: [{ eventName: 'add_to_cart' }] },
    });
    expect(status).toBe(200);
    const { id } = body as ExperimentBody;
    expect(body).toEqual({
      id: expect.stringMatching(/^exp_/),
      key: 'checkout',
      name: 'New checkout',
      description: 'Two columns',
      type: 'multivariate',
      status: 'draft',
      createdAt: ISO,
      updatedAt: null,
      startedAt: null,
      stoppedAt: null,
      trafficAllocation: 14,
      includeQueryString: true,
      winnerVariantId: null,
      rolloutVariantId: null,
      targetingRules: {
        urlPatterns: ['/cart'],
        audienceId: null,
        visitorProperties: null,
        visitorStatus: 'new',
        queryParams: [{ key: 'plan', operator: 'regex', value: '^pro$' }],
      },
      metrics: { primary: { eventName: 'purchase' }, secondary: [{ eventName: 'add_to_cart' }] },
      variants: [
        {
          id: 'variant_Control',
          experimentId: id,
          name: 'Control',
          isControl: true,
          weight: 100,
          variantType: null,
          redirectUrl: null,
          domModifications: null,
        },
      ],
    });
    expect((await send('GET', `/experiments/${id}`)).body).toEqual(body);
  });

  it('gets a key from its name if none is given, and a different one if that is taken', async () => {
    const { send } = await platform();
    const body = { experimentSettingsId: 'settings_local', name: 'Würfel & Co: 2' };
    const keys = [await send('POST', '/experiments', body), await send('POST', '/experiments', body)];
    expect(keys.map((answer) => (answer.body as ExperimentBody).key)).toEqual(['würfel_co_2', 'würfel_co_2_2']);
  });

  it('is created with its variants in one request, the collector’s shortcut', async () => {
    const { send } = await platform();
    const { status, body } = await send('POST', '/experiments', {
      key: 'hero',
      variants: [
        { name: 'C', isControl: true },
        { name: 'T', weight: 20 },
      ],
      metrics: { primary: { eventName: 'purchase' } },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      key: 'hero',
      name: 'hero',
      variants: [
        { name: 'C', weight: 80, isControl: true },
        { name: 'T', weight: 20 },
      ],
    });
  });

  it('goes through its states', async () => {
    const { send } = await platform();
    const { id, variants } = await draftOf(send);
    const treatment = variants[1]!.id;
    const act = async (action: string, body?: unknown) =>
      (await send('POST', `/experiments/${id}/${action}`, body)).body;
    const published = (experiment: object) => ({
      publishStatus: 'published',
      concurrentVersionChanges: 0,
      experiment: expect.objectContaining(experiment),
    });

    expect(await act('start', {})).toEqual(
      published({ status: 'running', startedAt: ISO, stoppedAt: null, updatedAt: ISO }),
    );
    expect(await act('pause', { publishAfterPause: false })).toMatchObject({
      publishStatus: 'pending_publish',
      experiment: { status: 'paused' },
    });
    expect(await act('resume')).toEqual(published({ status: 'running' }));
    expect(await act('winner', { winnerVariantId: treatment })).toMatchObject({
      status: 'running',
      winnerVariantId: treatment,
    });
    expect(await act('winner', {})).toMatchObject({ winnerVariantId: null });
    expect(await act('stop', { winnerVariantId: treatment })).toEqual(
      published({ status: 'completed', stoppedAt: ISO, winnerVariantId: treatment, rolloutVariantId: null }),
    );
    expect(await act('rollout', { variantId: treatment })).toEqual(published({ rolloutVariantId: treatment }));
    expect(await act('end-rollout')).toEqual(published({ rolloutVariantId: null }));
  });

  it('is returned without its variants by actions, like in the service', async () => {
    const { send } = await platform();
    const { id } = await draftOf(send);
    const { body } = await send('POST', `/experiments/${id}/start`);
    expect((body as { experiment: object }).experiment).not.toHaveProperty('variants');
  });

  it('changes the given fields, clears those that are null, and keeps the rest', async () => {
    const { send } = await platform();
    const { id } = await draftOf(send, { description: 'Old', targetingRules: { urlPatterns: ['/cart'] } });
    const change = async (body: object) => (await send('PATCH', `/experiments/${id}`, body)).body;
    expect(await change({ name: 'Newer', trafficAllocation: 50 })).toMatchObject({
      name: 'Newer',
      trafficAllocation: 50,
      description: 'Old',
      targetingRules: { urlPatterns: ['/cart'] },
    });
    expect(await change({ name: null, description: null, targetingRules: null, metrics: null })).toMatchObject({
      name: 'Newer',
      description: null,
      targetingRules: { urlPatterns: [], visitorStatus: 'all', queryParams: [] },
      metrics: { primary: null, secondary: [] },
    });
  });

  it('has as many URL patterns as the service accepts, and as long ones', async () => {
    const { send } = await platform();
    const create = (urlPatterns: readonly string[]) =>
      send('POST', '/experiments', { ...posted, targetingRules: { urlPatterns } });
    const many = Array.from({ length: 200 }, (_, at) => `/${at}`.padEnd(2_000, 'x'));
    expect(await create(many)).toMatchObject({ status: 200, body: { targetingRules: { urlPatterns: many } } });
    for (const more of [[...many, '/'], ['/'.padEnd(2_001, 'x')]]) {
      expect(await create(more)).toMatchObject({
        status: 400,
        body: { error: expect.stringContaining('urlPatterns') },
      });
    }
  });

  it('is deleted unless it is running', async () => {
    const { send } = await platform();
    const { id } = await draftOf(send);
    await send('POST', `/experiments/${id}/start`);
    expect(await send('DELETE', `/experiments/${id}`)).toMatchObject({ status: 409 });
    await send('POST', `/experiments/${id}/stop`);
    expect(await send('DELETE', `/experiments/${id}`)).toMatchObject({ status: 200, body: true });
    expect((await send('GET', `/experiments/${id}`)).status).toBe(404);
    expect((await send('DELETE', `/experiments/${id}`)).status).toBe(404);
  });

  it.each([
    ['PATCH', '', { name: 'New' }, 409],
    ['POST', '/start', undefined, 409],
    ['POST', '/pause', undefined, 409],
    ['POST', '/stop', { winnerVariantId: 'variant_X' }, 409],
    ['POST', '/rollout', { variantId: 'variant_X' }, 400],
    ['POST', '/rollout', { variantId: 'variant_Control' }, 400],
    ['POST', '/rollout', {}, 400],
    ['POST', '/rollout', undefined, 400],
    ['POST', '/winner', { winnerVariantId: 7 }, 400],
    ['POST', '/winner', { variantId: 'variant_Control' }, 400],
    ['POST', '/winner', '{', 400],
    ['POST', '/end-rollout', undefined, 409],
  ])('that is completed answers %s %s with %o: %i, and does not change', async (method, path, body, status) => {
    const { send } = await platform();
    const { id } = await draftOf(send);
    await send('POST', `/experiments/${id}/start`);
    await send('POST', `/experiments/${id}/stop`);
    const before = (await send('GET', `/experiments/${id}`)).body;
    const answer = await send(method, `/experiments/${id}${path}`, body);
    expect(answer).toMatchObject({ status, body: { success: false, error: expect.any(String) } });
    expect((await send('GET', `/experiments/${id}`)).body).toEqual(before);
  });

  it.each([
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/start'],
    ['POST', '/stop'],
    ['POST', '/end-rollout'],
    ['GET', '/results'],
    ['GET', '/results-time-series'],
  ])('that is unknown is a 404: %s %s', async (method, path) => {
    const { send } = await platform();
    expect((await send(method, `/experiments/nobody${path}`, method === 'PATCH' ? {} : undefined)).status).toBe(404);
  });

  it.each<[string, object]>([
    ['experimentSettingsId', { experimentSettingsId: undefined }],
    ['name', { name: undefined }],
    ['key', { key: 'half \ud83d' }],
    ['type', { type: 'abc' }],
    ['controlWeight', { controlWeight: 0 }],
    ['trafficAllocation', { trafficAllocation: 101 }],
    ['metrics.primary.eventName', { metrics: { primary: { eventName: '$identify' } } }],
    ['metrics.primary.funnelId', { metrics: { primary: { eventName: 'purchase', funnelId: 'funnel_1' } } }],
    ['targetingRules.urlPatterns', { targetingRules: {} }],
    ['targetingRules.audienceId', { targetingRules: { urlPatterns: [], audienceId: 'audience_1' } }],
    ['targetingRules.visitorStatus', { targetingRules: { urlPatterns: [], visitorStatus: 'some' } }],
    [
      'targetingRules.queryParams.0',
      { targetingRules: { urlPatterns: [], queryParams: [{ key: 'a', operator: 'regex', value: '(' }] } },
    ],
    ['variants', { variants: [{ name: 'Same' }, { name: 'Same' }] }],
  ])('is not created when %s is wrong: %j', async (field, wrong) => {
    const { send } = await platform();
    const answer = await send('POST', '/experiments', { ...posted, ...wrong });
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining(field) } });
    expect((await send('GET', '/experiments')).body).toMatchObject({ entities: [] });
  });

  it('is not created with a key that exists', async () => {
    const { send } = await platform();
    await draftOf(send);
    expect((await send('POST', '/experiments', posted)).status).toBe(409);
  });
});

describe('a rollout', () => {
  it('gives everyone its variant after the stop, and records no impression', async () => {
    const { collector, send } = await platform();
    const { id, variants } = await draftOf(send, { trafficAllocation: 0 });
    await send('POST', `/experiments/${id}/start`);
    await send('POST', `/experiments/${id}/stop`, { rolloutVariantId: variants[1]!.id });
    const assignments = await Promise.all(
      ['a', 'b', 'c'].map((visitor) =>
        post(collector, '/experiments/assignments/checkout', { token: 'exp_shop', visitor_id: visitor }),
      ),
    );
    for (const { body } of assignments) expect(body).toMatchObject({ in_experiment: true, variant_name: 'Treatment' });
    expect(collector.events()).toEqual([]);

    await send('POST', `/experiments/${id}/end-rollout`);
    const { body } = await post(collector, '/experiments/assignments/checkout', { token: 'exp_shop', visitor_id: 'a' });
    expect(body).toMatchObject({ in_experiment: false });
  });
});

describe('the variants of an experiment', () => {
  it('are added, changed and deleted one by one, and the control gets the rest', async () => {
    const { send } = await platform();
    const { id, variants } = await draftOf(send);
    expect(variants).toMatchObject([
      { name: 'Control', weight: 50, isControl: true },
      { name: 'Treatment', weight: 50, isControl: false },
    ]);
    const treatment = variants[1]!.id;
    const weights = async () => {
      const { body } = await send('GET', `/experiment-variants?experimentId=${id}`);
      return (body as { entities: { name: string; weight: number }[] }).entities.map(
        ({ name, weight }) => `${name} ${weight}`,
      );
    };
    const redirect = { variantType: 'redirect', redirectUrl: '/new' };
    expect((await send('PATCH', `/experiment-variants/${treatment}`, { weight: 20, ...redirect })).body).toMatchObject({
      id: treatment,
      experimentId: id,
      weight: 20,
      ...redirect,
    });
    expect(await weights()).toEqual(['Control 80', 'Treatment 20']);
    await send('PATCH', `/experiment-variants/${treatment}`, { isControl: true });
    expect(await weights()).toEqual(['Control 80', 'Treatment 20']);
    expect((await send('GET', `/experiment-variants/${treatment}`)).body).toMatchObject({ isControl: true });
    expect((await send('DELETE', `/experiment-variants/${treatment}`)).status).toBe(409);
    expect((await send('DELETE', '/experiment-variants/variant_Control')).body).toMatchObject({ name: 'Control' });
    expect(await weights()).toEqual(['Treatment 100']);
  });

  it('include their redirect in the assignment', async () => {
    const { collector, send } = await platform();
    const { id, variants } = await draftOf(send);
    await send('PATCH', `/experiment-variants/${variants[1]!.id}`, { weight: 99, redirectUrl: '/new' });
    await send('POST', `/experiments/${id}/start`);
    const { body } = await post(collector, '/experiments/assignments/checkout', { token: 'exp_shop', visitor_id: 'a' });
    expect(body).toMatchObject({ variant_name: 'Treatment', redirect: '/new' });
  });

  it.each([
    ['more than is left', { name: 'Other', weight: 50 }],
    ['the name of another', { name: 'Control', weight: 10 }],
    ['part of a percent', { name: 'Other', weight: 1.5 }],
    ['no name', { weight: 1 }],
    ['a field that does not exist', { name: 'Other', weight: 1, share: 1 }],
  ])('are not added with %s', async (_, variant) => {
    const { send } = await platform();
    const { id } = await draftOf(send);
    expect((await send('POST', '/experiment-variants', { experimentId: id, ...variant })).status).toBe(400);
  });

  it('cannot change after the start', async () => {
    const { send } = await platform();
    const { id, variants } = await draftOf(send);
    await send('POST', `/experiments/${id}/start`);
    const path = `/experiment-variants/${variants[1]!.id}`;
    expect((await send('PATCH', path, { weight: 20 })).status).toBe(409);
    expect((await send('PATCH', path, { redirectUrl: '/new' })).status).toBe(409);
    expect((await send('DELETE', path)).status).toBe(409);
    expect((await send('POST', '/experiment-variants', { experimentId: id, name: 'Late', weight: 1 })).status).toBe(
      409,
    );
  });
});
