import type { Insight } from '../insight.js';
import { notFound, ok, type PlatformRoute } from './platform-route.js';

/** An event name that the dashboard lists. */
export interface AllowedEventConfig {
  readonly name: string;
  /** Where its events are forwarded. With none they reach no destination; experiments still see them. @default one */
  readonly destinationIds?: readonly string[] | undefined;
}

export interface AllowedEventRoutesOptions {
  /** `undefined` allows every name: then those that came are listed. */
  readonly allowedEvents: readonly AllowedEventConfig[] | undefined;
  readonly insight: Pick<Insight, 'activity'>;
  readonly eventNames: () => readonly string[];
  readonly startedAt: number;
}

const DESTINATIONS = ['destination_local'];

/** The event names that are allowed, to read: they are configured. */
export function allowedEventRoutes(options: AllowedEventRoutesOptions): PlatformRoute[] {
  const list = () => {
    const configs: readonly AllowedEventConfig[] =
      options.allowedEvents ?? options.eventNames().map((name) => ({ name }));
    return configs.map(({ name, destinationIds = DESTINATIONS }) => ({
      id: `event_${Buffer.from(name.toLowerCase()).toString('base64url')}`,
      name,
      destinationIds,
      trigger: null,
      createdAt: new Date(options.startedAt).toISOString(),
      updatedAt: null,
    }));
  };
  return [
    {
      method: 'GET',
      path: '/allowed-events',
      scope: 'allowedEvent:list',
      handle: () => ok({ entities: list() }),
    },
    {
      method: 'GET',
      path: '/allowed-events/:id',
      scope: 'allowedEvent:find',
      handle({ params }) {
        const event = list().find(({ id }) => id === params.id);
        if (event === undefined) return notFound('allowed event');
        const { lastTriggeredAt, lastDispatchedAt } = options.insight.activity(event.name);
        const isForwarded = event.destinationIds.length > 0;
        return ok({
          ...event,
          lastTriggeredAt: toIso(lastTriggeredAt),
          lastDispatchedAt: toIso(isForwarded ? lastDispatchedAt : undefined),
        });
      },
    },
  ];
}

function toIso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
