import { describe, expect, it } from 'vitest';
import { type ApiChange, PlatformApiError } from '../../../src/cli/account/api-request.js';
import { createExperimentsApi, type NewExperiment } from '../../../src/cli/account/experiments-api.js';

const hero: NewExperiment = { key: 'hero', name: 'Hero', variants: ['warm', 'cold'], goal: 'purchase', secondary: [] };
const draft = { id: 'e1', key: 'hero', status: 'draft', variants: [{ id: 'v1', name: 'Control' }] };

type Answers = Readonly<Record<string, unknown>>;

/** An API that gives these answers, and what it was asked to change. */
function apiWith(answers: Answers) {
  const changes: [path: string, body: unknown][] = [];
  const api = createExperimentsApi(async (path, _scope, change?: ApiChange) => {
    if (change !== undefined) changes.push([`${change.method} ${path}`, change.body]);
    const answer = answers[`${change?.method ?? 'GET'} ${path}`];
    if (answer === undefined) throw new PlatformApiError(`HTTP 404: ${path}`, 404);
    return answer;
  });
  return { api, changes };
}

const SETTINGS = 'GET /rest/v1/experiment-settings';
const ACCOUNT: Answers = {
  [SETTINGS]: { entities: [{ id: 's1', name: 'Shop' }] },
  'POST /rest/v1/experiments': draft,
  'GET /rest/v1/experiments/e1': draft,
  'PATCH /rest/v1/experiment-variants/v1': {},
  'POST /rest/v1/experiment-variants': {},
  'GET /rest/v1/experiments': { entities: [draft] },
};

describe('a new experiment', () => {
  it('is created with its control, which is then named, and the other variants one at a time', async () => {
    const { api, changes } = apiWith(ACCOUNT);
    await api.create({ ...hero, variants: ['warm', 'cold', 'none'] });
    expect(changes).toEqual([
      [
        'POST /rest/v1/experiments',
        {
          experimentSettingsId: 's1',
          key: 'hero',
          name: 'Hero',
          type: 'ab',
          metrics: { primary: { eventName: 'purchase' }, secondary: [] },
        },
      ],
      ['PATCH /rest/v1/experiment-variants/v1', { name: 'warm' }],
      ['POST /rest/v1/experiment-variants', { experimentId: 'e1', name: 'cold', weight: 33 }],
      ['POST /rest/v1/experiment-variants', { experimentId: 'e1', name: 'none', weight: 33 }],
    ]);
  });

  it.each([
    [[], 'the account has no experiment settings: create them in the dashboard first.'],
    [
      [{ id: 's1', name: 'Shop' }, { id: 's2' }],
      'the account has several experiment settings, so name one as settingsId: s1 (Shop), s2 (without a name).',
    ],
  ])('is not created where its settings are unclear: %j', async (entities, message) => {
    const { api, changes } = apiWith({ ...ACCOUNT, [SETTINGS]: { entities } });
    await expect(api.create(hero)).rejects.toThrow(message);
    expect(changes).toEqual([]);
  });

  it('belongs to the settings that are named', async () => {
    const { api, changes } = apiWith({ ...ACCOUNT, [SETTINGS]: undefined });
    await api.create({ ...hero, settingsId: 's2' });
    expect(changes[0]?.[1]).toMatchObject({ experimentSettingsId: 's2' });
  });

  it('that was created in part is reported with what is left to do', async () => {
    const { api } = apiWith({ ...ACCOUNT, 'POST /rest/v1/experiment-variants': undefined });
    await expect(api.create(hero)).rejects.toThrow(
      /the draft hero exists now but lacks variants: .* Complete or delete/,
    );
  });
});

it('a change that is not published yet is reported as such', async () => {
  const path = 'POST /rest/v1/experiments/e1/start';
  expect(await apiWith({ [path]: { publishStatus: 'pending_publish' } }).api.start('e1')).toBe(false);
  expect(await apiWith({ [path]: { publishStatus: 'published' } }).api.start('e1')).toBe(true);
});

it('an answer with an unexpected shape is an error that names the field', async () => {
  const { api } = apiWith({ 'GET /rest/v1/experiments/e1/results': { variants: [{ id: 'v1' }] } });
  await expect(api.results('e1')).rejects.toThrow(/variants\.0\.name/);
});
