import { describe, expect, it } from 'vitest';
import { post, postRows, row, started } from './posting.js';

const experiments = [
  { key: 'checkout', variants: [{ name: 'C' }, { name: 'T', weight: 99 }], secondary: ['add_to_cart'] },
];

async function exposed() {
  const collector = await started({ experiments, goal: 'purchase' });
  await post(collector, '/experiments/assignments/checkout', { token: 'exp_shop', visitor_id: 'visitor-1' });
  return collector;
}

describe('the report', () => {
  it('follows a purchase from the server-side assignment to the variant', async () => {
    const collector = await exposed();
    await postRows(collector, row({ event: 'add_to_cart', distinctId: 'c' }), row());
    const {
      experiments: [checkout],
      events,
    } = collector.report();
    const treatment = checkout?.variants.find(({ name }) => name === 'T');
    expect(treatment).toMatchObject({ impressions: 1, conversions: 1, conversionRate: 1, isControl: false });
    expect(treatment?.secondary.get('add_to_cart')).toBe(1);
    expect(checkout).toMatchObject({ hasEnoughData: false, sampleRatio: { isMismatch: false } });
    expect(events.map(({ verdict, warnings }) => [verdict, ...warnings])).toEqual([
      [undefined, 'impression_session_inferred'],
      ['secondary_counted'],
      ['counted'],
    ]);
  });

  it.each([
    ['an identify', { userId: 'visitor-1', externalId: '42', userProperties: {} }],
    ['an address among the properties', { userId: 'visitor-1', userProperties: { email: 'A@example.org' } }],
  ])('knows a visitor by the names of %s', async (_, identify) => {
    const collector = await exposed();
    await post(collector, '/identify', { token: 'test_shop', ...identify });
    const { userId: _userId, ...nameless } = row();
    const name = 'externalId' in identify ? { externalId: '42' } : { email: 'a@example.org' };
    await postRows(collector, { ...nameless, ...name });
    expect(collector.report().events.at(-1)?.verdict).toBe('counted');
  });

  it('reads sessions and bots from the default properties', async () => {
    const collector = await started({ experiments, goal: 'purchase', bots: 'block' });
    await post(collector, '/experiments/assignments/checkout', { token: 'exp_shop', visitor_id: 'visitor-1' });
    await postRows(
      collector,
      row({ distinctId: 'a', defaultProperties: { sid: 'undefined' } }),
      row({ distinctId: 'b', defaultProperties: { sid: 'sid_1', is_bot: true } }),
      row({ distinctId: 'c', defaultProperties: { sid: 'sid_1' } }),
      row({ distinctId: 'd', defaultProperties: { sid: '1' } }),
    );
    expect(collector.report().events.map(({ verdict }) => verdict)).toEqual([
      undefined,
      'no_session',
      'bot',
      'counted',
      'repeat_in_session',
    ]);
  });
});
