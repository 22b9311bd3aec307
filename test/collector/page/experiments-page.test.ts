import { describe, expect, it, vi } from 'vitest';
import type { ExperimentStatus } from '../../../src/collector/experiments/experiment.js';
import { ask, createWorld, textOf } from './page-world.js';

const checkout = { key: 'checkout', name: 'Checkout', variants: [{ name: 'Control' }, { name: 'Treatment' }] };

/** The paths of a page's forms and links. */
function offered(page: string): string[] {
  const controls = /<div class="controls".*?<\/div>/s.exec(page)?.[0] ?? '';
  return [...controls.matchAll(/(?:action|href)="([^"]*)"/g)].map(([, path]) => path!.split('/').at(-1)!);
}

describe('the experiments', () => {
  it('are listed with their goals and results', () => {
    const world = createWorld([checkout, { ...checkout, key: 'draft', name: 'Draft', status: 'draft' }]);
    const { text } = ask(world, 'GET', '/experiments');
    const rows = text.split('<tr>').slice(2).map(textOf);
    expect(rows).toEqual([
      'Draft draft draft purchase Control, Treatment – – –',
      expect.stringMatching(/^Checkout checkout running purchase Control, Treatment 0 0 not enough data/),
    ]);
  });

  it('show their winner in the list', () => {
    const world = createWorld([{ ...checkout, status: 'completed' }]);
    const [one] = world.experiments.list();
    world.experiments.save({ ...one!, winner: one!.variants[1]!.id });
    expect(textOf(ask(world, 'GET', '/experiments').text)).toContain('Treatment winner');
  });

  it.each<[ExperimentStatus, string[]]>([
    ['draft', ['start', 'edit', 'delete']],
    ['running', ['pause', 'stop', 'winner']],
    ['paused', ['resume', 'stop', 'winner']],
    ['completed', ['winner']],
  ])('offer the actions that the state %s allows', (status, expected) => {
    const world = createWorld([{ ...checkout, status }]);
    expect(offered(ask(world, 'GET', '/experiments/checkout').text)).toEqual(expected);
  });

  it.each(['start', 'pause', 'resume'] as const)('%s when their button is pressed, and show the outcome', (action) => {
    const act = vi.fn(() => world.experiments.list()[0]!);
    const world = createWorld([checkout], { act });
    const answer = ask(world, 'POST', `/experiments/checkout/${action}`);
    expect(act).toHaveBeenCalledExactlyOnceWith('experiment_checkout', action);
    expect(answer).toMatchObject({ status: 303, headers: { location: '/experiments/checkout' } });
  });

  it('stop after a confirmation', () => {
    const stop = vi.fn(() => world.experiments.list()[0]!);
    const world = createWorld([checkout], { stop });
    expect(ask(world, 'POST', '/experiments/checkout/stop')).toMatchObject({ status: 303 });
    expect(stop).toHaveBeenCalledExactlyOnceWith('experiment_checkout');
  });

  it('show why an action failed, and keep their state', () => {
    const act = () => ({ status: 409, message: 'A completed experiment cannot be edited.' }) as const;
    const world = createWorld([checkout], { act });
    const { status, text } = ask(world, 'POST', '/experiments/checkout/start');
    expect(status).toBe(409);
    expect(text).toContain('<p class="notice bad" role="alert">A completed experiment cannot be edited.</p>');
  });

  it('ask before they stop, with a link to cancel', () => {
    const { text } = ask(createWorld([checkout]), 'GET', '/experiments/checkout/stop');
    expect(text).toContain('<form class="confirm" method="post" action="/experiments/checkout/stop">');
    expect(text).toContain('<a href="/experiments/checkout">Cancel</a>');
  });

  it.each(['stop', 'winner'])('do not ask about a %s that cannot be', (question) => {
    const world = createWorld([{ ...checkout, status: 'draft' }]);
    world.experiments.save({ ...world.experiments.list()[0]!, variants: [] });
    const answer = ask(world, 'GET', `/experiments/checkout/${question}`);
    expect(answer).toMatchObject({ status: 303, headers: { location: '/experiments/checkout' } });
    expect(ask(world, 'GET', '/experiments/checkout').status).toBe(200);
    expect(ask(world, 'GET', '/experiments').status).toBe(200);
  });

  it('warn of missing data when a winner is declared', () => {
    const world = createWorld([checkout]);
    const text = textOf(ask(world, 'GET', '/experiments/checkout/winner').text);
    expect(text).toContain('Not enough data yet. The figures are mostly chance');
  });

  it('declare the selected winner', () => {
    const stop = vi.fn(() => world.experiments.list()[0]!);
    const world = createWorld([checkout], { stop });
    const { text } = ask(world, 'GET', '/experiments/checkout/winner');
    expect(text).toContain('name="variant" value="variant_Treatment"');
    const form = { variant: 'variant_Treatment' };
    const answer = ask(world, 'POST', '/experiments/checkout/winner', { form });
    expect(stop).toHaveBeenCalledExactlyOnceWith('experiment_checkout', { winner: 'variant_Treatment' });
    expect(answer.status).toBe(303);
  });

  it('declare a winner after the stop without stopping again', () => {
    const nameWinner = vi.fn(() => world.experiments.list()[0]!);
    const world = createWorld([{ ...checkout, status: 'completed' }], { nameWinner });
    ask(world, 'POST', '/experiments/checkout/winner', { form: { variant: 'variant_Treatment' } });
    expect(nameWinner).toHaveBeenCalledExactlyOnceWith('experiment_checkout', 'variant_Treatment');
  });

  it.each(['', '/stop', '/winner'])('answer 404 for an unknown one at %s', (page) => {
    expect(ask(createWorld(), 'GET', `/experiments/nothing${page}`).status).toBe(404);
  });

  it.each(['finish', 'constructor', 'toString'])('know no action %s', (action) => {
    const world = createWorld([checkout]);
    expect(ask(world, 'POST', `/experiments/checkout/${action}`).status).toBe(404);
  });

  it.each(['new', '.', '..', 'a/b', 'a?b#c', 'ä%25 "'])('can be opened from the list with the key %j', (key) => {
    const world = createWorld([{ ...checkout, key }]);
    const path = /href="(\/experiments\/[^"]*)" class="name"/.exec(ask(world, 'GET', '/experiments').text)?.[1];
    expect(ask(world, 'GET', path!).status).toBe(200);
  });
});
