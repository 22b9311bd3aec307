import type { Outcome, Scenario } from './attribution-scenario.js';

type Events = Scenario['events'];
type Event = Events[number];

const impression = (minute: number, overrides: Partial<Event> = {}): Event => ({
  kind: 'impression',
  minute,
  visitor: 'v1',
  sid: 's1',
  experiment: 'A',
  variant: 'T',
  ...overrides,
});

const track = (minute: number, overrides: Partial<Event> = {}): Event => ({
  kind: 'track',
  minute,
  visitor: 'v1',
  sid: 's1',
  event: 'Purchase',
  ...overrides,
});

const expected = (overrides: Partial<Outcome>): Outcome => ({
  impressions: { 'A/T': 1 },
  conversions: {},
  secondary: {},
  verdicts: [],
  warnings: [],
  ...overrides,
});

const counted = { conversions: { 'A/T': 1 }, verdicts: ['counted'] };

const running = (runs: [number, number][], pauses: [number, number][] = []) => ({
  experiments: { A: { variants: ['C', 'T'], runs, pauses } },
});

const DAY = 24 * 60;

/** Interactions of the rules, in addition to the shared fixtures. */
export const moreScenarios: readonly Scenario[] = [
  {
    id: 'the first variant of a mixed session wins',
    events: [impression(1), impression(2, { variant: 'C' }), track(3)],
    expect: expected({ ...counted, warnings: ['session_saw_multiple_variants'] }),
  },
  {
    id: 'the same sid of another visitor is another session',
    events: [impression(1), track(2, { visitor: 'v2' })],
    expect: expected({ verdicts: ['not_in_experiment'] }),
  },
  {
    id: 'an event after now is refused, whenever it says it came',
    events: [impression(1), track(101), track(60, { receivedMinute: 59 })],
    expect: expected({ verdicts: ['time_out_of_range', 'time_out_of_range'] }),
  },
  {
    id: 'an impression older than 7 days when it comes is refused too',
    settings: { nowMinute: 8 * DAY },
    events: [impression(1, { receivedMinute: 7 * DAY + 2 }), track(2)],
    expect: expected({ impressions: {}, verdicts: ['not_in_experiment'] }),
  },
  {
    id: 'one distinctId counts once over all sessions and names',
    events: [
      impression(1),
      impression(30, { sid: 's2' }),
      track(2, { distinctId: 'd' }),
      track(31, { sid: 's2', distinctId: 'd' }),
      track(32, { sid: 's2', event: 'AddToCart', distinctId: 'd' }),
    ],
    expect: expected({
      impressions: { 'A/T': 2 },
      conversions: { 'A/T': 1 },
      verdicts: ['counted', 'duplicate_id', 'duplicate_id'],
    }),
  },
  {
    id: 'a refused event claims no distinctId',
    events: [impression(1), track(150, { receivedMinute: 2, distinctId: 'd' }), track(3, { distinctId: 'd' })],
    expect: expected({ conversions: { 'A/T': 1 }, verdicts: ['time_out_of_range', 'counted'] }),
  },
  {
    id: 'a link made after the fact counts as if it had always been there',
    events: [impression(1), track(8, { visitor: 'ext:42' }), { kind: 'link', minute: 90, visitors: ['v1', 'ext:42'] }],
    expect: expected(counted),
  },
  {
    id: 'links reach over several names',
    events: [
      impression(1),
      track(8, { visitor: 'mail:a' }),
      { kind: 'link', visitors: ['mail:a', 'ext:42'] },
      { kind: 'link', visitors: ['ext:42', 'v1'] },
    ],
    expect: expected(counted),
  },
  {
    id: 'a sid that two linked visitors share is one session',
    events: [
      impression(1),
      impression(2, { visitor: 'v2', variant: 'C' }),
      { kind: 'link', visitors: ['v1', 'v2'] },
      track(3, { visitor: 'v2' }),
    ],
    expect: expected({ ...counted, warnings: ['session_saw_multiple_variants'] }),
  },
  {
    id: 'a pause excludes new visitors until it ends, and others stay included',
    settings: running([[0, 1000]], [[10, 20]]),
    events: [
      impression(1),
      impression(15, { sid: 's2' }),
      impression(16, { visitor: 'v2', sid: 's9' }),
      impression(20, { visitor: 'v2', sid: 's9' }),
      track(18, { visitor: 'v2', sid: 's9' }),
      track(21, { visitor: 'v2', sid: 's9' }),
    ],
    expect: expected({
      impressions: { 'A/T': 3 },
      conversions: { 'A/T': 1 },
      verdicts: ['before_assignment', 'counted'],
      warnings: ['impression_while_paused'],
    }),
  },
  {
    id: 'an impression at the very stop is outside',
    settings: running([[0, 10]]),
    events: [impression(10), track(11)],
    expect: expected({ impressions: {}, verdicts: ['not_in_experiment'], warnings: ['impression_outside_runtime'] }),
  },
  {
    id: 'a goal before the stop counts even if it is reported after',
    settings: running([[0, 10]]),
    events: [impression(1), track(10), track(9, { receivedMinute: 80 })],
    expect: expected({ conversions: { 'A/T': 1 }, verdicts: ['after_stop', 'counted'] }),
  },
  {
    id: 'an exposure does not carry over from a stopped run to a later one',
    settings: running([
      [0, 10],
      [20, 1000],
    ]),
    events: [impression(1), track(15), track(25), impression(30), track(31)],
    expect: expected({ conversions: { 'A/T': 1 }, verdicts: ['after_stop', 'after_stop', 'counted'] }),
  },
  {
    id: 'a secondary event after the stop does not count either',
    settings: running([[0, 10]]),
    events: [impression(1), track(11, { event: 'AddToCart' })],
    expect: expected({ verdicts: ['after_stop'] }),
  },
  {
    id: 'a secondary event counts once in a session, in addition to the goal',
    events: [impression(1), track(2, { event: 'AddToCart' }), track(3, { event: 'AddToCart' }), track(4)],
    expect: expected({
      conversions: { 'A/T': 1 },
      secondary: { 'A/T:AddToCart': 1 },
      verdicts: ['secondary_counted', 'repeat_in_session', 'counted'],
    }),
  },
  {
    id: 'a name that differs only by case is allowed, but not a goal',
    events: [impression(1), track(2, { event: 'purchase' }), track(3, { event: 'ADDTOCART' })],
    expect: expected({ verdicts: ['name_case_mismatch', 'name_case_mismatch'] }),
  },
  {
    id: 'an impression without a session near it counts alone',
    events: [impression(1, { sid: null }), track(32)],
    expect: expected({ verdicts: ['other_session'], warnings: ['impression_without_session'] }),
  },
  {
    id: 'an impression without a session reaches exactly 30 minutes, to the nearest session',
    events: [
      impression(31, { sid: null }),
      track(1, { sid: 's1' }),
      impression(80, { sid: null, visitor: 'v2', variant: 'C' }),
      track(60, { sid: 's8', visitor: 'v2' }),
      track(90, { sid: 's9', visitor: 'v2' }),
    ],
    expect: expected({
      impressions: { 'A/T': 1, 'A/C': 1 },
      conversions: { 'A/C': 1 },
      verdicts: ['before_assignment', 'other_session', 'counted'],
      warnings: ['impression_session_inferred'],
    }),
  },
  {
    id: 'a purchase reported days later does not stretch its session over everything between',
    settings: { nowMinute: 3 * DAY },
    events: [impression(0), track(2 * DAY), impression(DAY, { sid: null })],
    expect: expected({
      impressions: { 'A/T': 2 },
      conversions: { 'A/T': 1 },
      verdicts: ['counted_late'],
      warnings: ['impression_without_session'],
    }),
  },
  {
    id: 'an impression within a session joins its unit',
    events: [impression(1), impression(2, { sid: null }), track(3)],
    expect: expected({ ...counted, warnings: ['impression_session_inferred'] }),
  },
  {
    id: 'six hours are not late, and a minute more is',
    settings: { nowMinute: DAY },
    events: [impression(0), track(360), impression(0, { sid: 's2' }), track(361, { sid: 's2' })],
    expect: expected({
      impressions: { 'A/T': 2 },
      conversions: { 'A/T': 2 },
      verdicts: ['counted', 'counted_late'],
    }),
  },
  {
    id: 'the best verdict over all experiments applies',
    settings: {
      experiments: {
        A: { variants: ['C', 'T'], runs: [[0, 1000]], pauses: [] },
        B: { variants: ['C', 'T'], runs: [[0, 10]], pauses: [] },
      },
    },
    events: [impression(1, { experiment: 'B' }), impression(12), track(11), track(13)],
    expect: expected({
      impressions: { 'A/T': 1, 'B/T': 1 },
      conversions: { 'A/T': 1 },
      verdicts: ['after_stop', 'counted'],
    }),
  },
  {
    id: 'of a session the earliest goal counts, whenever it is reported',
    events: [impression(1), track(9), track(5, { receivedMinute: 80 })],
    expect: expected({ conversions: { 'A/T': 1 }, verdicts: ['repeat_in_session', 'counted'] }),
  },
  {
    id: 'bots count like other visitors if they are not blocked',
    events: [impression(1, { bot: true }), track(2, { bot: true })],
    expect: expected(counted),
  },
  {
    id: 'an event of just now and one of exactly 7 days ago are taken, and an older one is not',
    settings: { nowMinute: 8 * DAY },
    events: [
      impression(1),
      track(2, { event: 'Refund', receivedMinute: 7 * DAY + 2 }),
      track(2, { event: 'Refund', receivedMinute: 7 * DAY + 3 }),
      track(8 * DAY, { event: 'Refund' }),
    ],
    expect: expected({ verdicts: ['not_a_goal', 'time_out_of_range', 'not_a_goal'] }),
  },
  {
    id: 'an impression at the very start counts',
    settings: running([[5, 10]]),
    events: [impression(5), track(5)],
    expect: expected(counted),
  },
  {
    id: 'a draft has no run that an impression could count in',
    settings: running([]),
    events: [impression(1), track(2)],
    expect: expected({ impressions: {}, verdicts: ['not_in_experiment'], warnings: ['impression_outside_runtime'] }),
  },
  {
    id: 'an impression of an unknown experiment or variant tells nothing',
    events: [impression(1, { experiment: 'Z' }), impression(1, { variant: 'Z' }), track(2)],
    expect: expected({ impressions: {}, verdicts: ['not_in_experiment'] }),
  },
  {
    id: 'a visitor who was not exposed is not in the experiment, with or without a session',
    events: [impression(1), track(2, { visitor: 'v2', sid: null })],
    expect: expected({ verdicts: ['not_in_experiment'] }),
  },
  {
    id: 'a goal without a session finds none, also where the impression has found one',
    events: [impression(1, { sid: null }), track(2, { event: 'Refund' }), track(3, { sid: null })],
    expect: expected({ verdicts: ['not_a_goal', 'no_session'], warnings: ['impression_session_inferred'] }),
  },
  {
    id: 'every impression without a session near it is a separate unit',
    events: [impression(1, { sid: null }), impression(2, { sid: null }), impression(3, { sid: null, variant: 'C' })],
    expect: expected({
      impressions: { 'A/T': 2, 'A/C': 1 },
      warnings: ['impression_without_session', 'visitor_saw_multiple_variants'],
    }),
  },
  {
    id: 'between two sessions equally near an impression joins the one under way',
    events: [
      track(10, { sid: 's8', event: 'Refund' }),
      impression(20, { sid: null }),
      track(30, { sid: 's9' }),
      track(31, { sid: 's8' }),
    ],
    expect: expected({
      conversions: { 'A/T': 1 },
      verdicts: ['not_a_goal', 'other_session', 'counted'],
      warnings: ['impression_session_inferred'],
    }),
  },
  {
    id: 'a refused event shows no session that an impression could join',
    events: [track(1, { event: 'Other' }), impression(2, { sid: null })],
    expect: expected({ verdicts: ['not_allowlisted'], warnings: ['impression_without_session'] }),
  },
  {
    id: 'a refused identify links no visitors',
    events: [impression(1), track(8, { visitor: 'ext:42' }), { kind: 'link', minute: 150, visitors: ['v1', 'ext:42'] }],
    expect: expected({ verdicts: ['not_in_experiment'] }),
  },
  {
    id: 'the impression that happened first decides, whenever it arrives',
    events: [impression(2, { variant: 'C' }), track(3), impression(1, { receivedMinute: 50 })],
    expect: expected({ ...counted, warnings: ['session_saw_multiple_variants'] }),
  },
  {
    id: 'an impression sent twice under one distinctId is one, whatever the second says',
    events: [
      impression(1, { distinctId: 'i' }),
      impression(2, { sid: 's2', variant: 'C', distinctId: 'i' }),
      track(3, { sid: 's2' }),
    ],
    expect: expected({ verdicts: ['other_session'] }),
  },
  {
    id: 'an event that is both goal and secondary is the goal',
    settings: { secondary: ['Purchase', 'AddToCart'] },
    events: [impression(1), track(2)],
    expect: expected(counted),
  },
  {
    id: 'a secondary event counts in every experiment, and the goal after it too',
    settings: {
      experiments: {
        A: { variants: ['C', 'T'], runs: [[0, 1000]], pauses: [] },
        B: { variants: ['C', 'T'], runs: [[0, 1000]], pauses: [] },
      },
    },
    events: [
      impression(1),
      impression(1, { experiment: 'B', variant: 'C' }),
      track(2, { event: 'AddToCart' }),
      track(3),
    ],
    expect: expected({
      impressions: { 'A/T': 1, 'B/C': 1 },
      conversions: { 'A/T': 1, 'B/C': 1 },
      secondary: { 'A/T:AddToCart': 1, 'B/C:AddToCart': 1 },
      verdicts: ['secondary_counted', 'counted'],
    }),
  },
  {
    id: 'a late repeat is a repeat',
    settings: { nowMinute: DAY },
    events: [impression(0), track(1), track(700)],
    expect: expected({ conversions: { 'A/T': 1 }, verdicts: ['counted', 'repeat_in_session'] }),
  },
];
