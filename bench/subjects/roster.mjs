/** Who is compared, and with which configuration. `events` where 100,000 would take more than a minute. */
export const ROSTER = [
  { name: 'ours, 500 rows', subject: 'ours', rows: 500 },
  { name: 'ours, default', subject: 'ours' },
  { name: 'mixpanel, batches of 50 awaited by hand', subject: 'mixpanel', isByHand: true },
  { name: 'mixpanel, track_batch', subject: 'mixpanel', tuned: true },
  { name: 'mixpanel, track', subject: 'mixpanel', events: 10_000 },
  { name: 'posthog, tuned', subject: 'posthog', tuned: true },
  { name: 'posthog, default', subject: 'posthog' },
  { name: 'segment, tuned', subject: 'segment', tuned: true },
  { name: 'segment, default', subject: 'segment' },
  { name: 'snowplow, tuned', subject: 'snowplow', tuned: true },
  { name: 'snowplow, default', subject: 'snowplow' },
];

/** `only` holds beginnings of names. */
export function select(roster, only) {
  return only === undefined ? roster : roster.filter(({ name }) => only.some((start) => name.startsWith(start)));
}
