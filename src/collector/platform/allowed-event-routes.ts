import type { LogQueries } from '../queries/log-queries.js';
import { notFound, ok, type PlatformRoute, route, toIso } from './platform-route.js';

/** An event name that the dashboard lists. */
export interface AllowedEventConfig {
  readonly name: string;
  /** The destinations of its events. Without one, only experiments see them. @default one */
  readonly destinationIds?: readonly string[] | undefined;
}

export interface AllowedEventRoutesOptions {
  /** `undefined` allows every name; then the list shows the names that arrived. */
  readonly allowedEvents: readonly AllowedEventConfig[] | undefined;
  readonly queries: Pick<LogQueries, 'activity'>;
  readonly eventNames: () => readonly string[];
  readonly startedAt: number;
}

const DESTINATIONS = ['destination_local'];

/** The allowed event names, read-only, because they are configured. */
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
    route('GET', '/allowed-events', 'allowedEvent:list', () =>
      // The service's answer has no such field: it allows only names that its list has.
      ok({ entities: list(), ...(options.allowedEvents === undefined ? { allowsEveryName: true } : {}) }),
    ),
    route('GET', '/allowed-events/:id', 'allowedEvent:find', ({ params }) => {
      const event = list().find(({ id }) => id === params.id);
      if (event === undefined) return notFound('allowed event');
      const { lastTriggeredAt, lastDispatchedAt } = options.queries.activity(event.name);
      const isForwarded = event.destinationIds.length > 0;
      return ok({
        ...event,
        lastTriggeredAt: toIso(lastTriggeredAt),
        lastDispatchedAt: toIso(isForwarded ? lastDispatchedAt : undefined),
      });
    }),
  ];
}
