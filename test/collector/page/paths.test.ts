import { describe, expect, it } from 'vitest';
import { blankDraft } from '../../../src/collector/experiments/design.js';
import { experimentPath, newExperimentPath, withQuery } from '../../../src/collector/page/paths.js';

describe('the path of an experiment', () => {
  it.each([
    ['checkout', '/experiments/checkout'],
    ['a/b c', '/experiments/a%2Fb%20c'],
    ['..', '/experiments/exp_1'],
    ['new', '/experiments/exp_1'],
    ['half \ud83d', '/experiments/half%20%EF%BF%BD'],
  ])('%j is %s', (key, path) => {
    expect(experimentPath(blankDraft('exp_1', key, 0))).toBe(path);
  });

  it('may lead to an action', () => {
    expect(experimentPath(blankDraft('exp_1', 'a', 0), 'edit')).toBe('/experiments/a/edit');
  });
});

it('has only the given parts of a query', () => {
  expect(withQuery('/', { event: 'a b', visitor: undefined, before: 5 })).toBe('/?event=a+b&before=5');
  expect(withQuery('/', {})).toBe('/');
  expect(newExperimentPath({ key: 'a&b', primary: 'purchase' })).toBe('/experiments/new?key=a%26b&primary=purchase');
});
