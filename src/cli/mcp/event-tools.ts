import { z } from 'zod';
import type { ApiRequest } from '../account/api-request.js';
import { checkEvents, checkExperiments } from '../account/check-program.js';
import type { PlatformApi } from '../account/platform-api.js';
import { readEvents } from './collector-events.js';
import { type Tool, tool } from './tool.js';

const MAX_EVENTS = 50;
const MAX_REFUSED = 5;

/** The tools for events of a collector. */
export function collectorEventTools(request: ApiRequest): Tool[] {
  return [
    tool({
      name: 'explain_event',
      title: 'Why did this event not count?',
      description:
        'The verdict of an event that reached the local collector: whether it counted for an experiment, the reason, and what to do. Give its distinctId as sent, or its number from recent_events.',
      input: z.object({
        distinctId: z.string().min(1).optional().describe('The idempotency key, exactly as it was sent'),
        number: z.int().min(1).optional().describe('The number of the event in the order of arrival'),
      }),
      isWriting: false,
      async run({ distinctId, number }) {
        if ((distinctId === undefined) === (number === undefined)) {
          throw new Error('Give either distinctId or number.');
        }
        const { events, refused } = await readEvents(request, { distinctId, number });
        if (events.length > 0) return { events };
        return { events, ...NOT_ARRIVED, recentlyRefused: refused.slice(0, MAX_REFUSED) };
      },
    }),
    tool({
      name: 'recent_events',
      title: 'Recent events',
      description:
        'The newest events that reached the local collector, each with its verdict and reason. Personal values are hidden and ids are shortened.',
      input: z.object({
        event: z.string().min(1).optional().describe('Part of the name of the event'),
        limit: z.int().min(1).max(MAX_EVENTS).default(20),
      }),
      isWriting: false,
      async run({ event, limit }) {
        const { events, refused } = await readEvents(request, { event, limit });
        return { events, recentlyRefused: refused.slice(0, MAX_REFUSED) };
      },
    }),
  ];
}

const NOT_ARRIVED = {
  reason: 'No such event has arrived at the collector.',
  whatToDo:
    "Check that the client's baseUrl is the collector's, that the process flushed or closed the client before it ended, and that the distinctId is exactly the one that was sent. An event that the client refused has an outcome with a reason: log onOutcome, or await receipt.settled(). Events in an outbox wait for a relay: npx ours-ingest status. Rows that the collector refused are listed here without their ids.",
};

/** The tool for events of an account, which shows no single events. */
export function accountEventTools(api: PlatformApi): Tool[] {
  return [
    tool({
      name: 'check_event_name',
      title: 'Why does this event not count?',
      description:
        'What the account does with events of this name: whether it is allowed (others are dropped silently), has a destination, and which experiments measure it. The account shows no single events; for those, run the same code against the local collector.',
      input: z.object({
        event: z.string().min(1).describe('The name of the event, exactly as the code sends it'),
        experiment: z.string().min(1).optional().describe('The key of the experiment that should count it'),
      }),
      isWriting: false,
      async run({ event, experiment }) {
        const [allowed, experiments] = await Promise.all([api.allowedEvents(), api.experiments()]);
        const asked = { events: [event], experiments: new Map(experiment === undefined ? [] : [[experiment, []]]) };
        const measuring = experiments.filter(({ metrics }) =>
          [metrics?.primary, ...(metrics?.secondary ?? [])].some((metric) => metric?.eventName === event),
        );
        return {
          checks: [...checkEvents([event], allowed), ...checkExperiments(asked, experiments)],
          measuredBy: measuring.map(({ key, status, metrics }) => ({
            key,
            status,
            as: metrics?.primary?.eventName === event ? 'primary' : 'secondary',
          })),
        };
      },
    }),
  ];
}
