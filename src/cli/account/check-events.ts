import { nearestName } from '../../core/nearest-name.js';
import type { Check } from '../doctor/check.js';
import type { AllowedEvent } from './api-schemas.js';

/** Whether each event that the program sends is on the account's list, and goes anywhere. */
export function checkEvents(events: readonly string[], allowed: readonly AllowedEvent[]): Check[] {
  const names = allowed.map(({ name }) => name);
  const checks = events.map((event): Check => {
    const check = `event ${event}`;
    const found =
      allowed.find(({ name }) => name === event) ??
      allowed.find(({ name }) => name.toLowerCase() === event.toLowerCase());
    if (found === undefined) {
      const nearest = nearestName(event, names);
      const advice = nearest === undefined ? 'add it to the allowed events.' : `did you mean ${nearest}?`;
      return { check, level: 'error', message: `is not allowed, and the service drops it: ${advice}` };
    }
    if (found.name !== event) {
      return {
        check,
        level: 'error',
        message: `is allowed as ${found.name}: a metric of that spelling does not count ${event}. Send ${found.name}.`,
      };
    }
    if (found.destinationIds.length === 0) {
      const message = 'is allowed and has no destination: experiments see it, and nothing else does.';
      return { check, level: 'warning', message };
    }
    return { check, level: 'ok', message: `is allowed, for ${destinations(found.destinationIds.length)}.` };
  });
  return checks.length > 0
    ? checks
    : [{ check: 'events', level: 'warning', message: 'none were named: nothing to check.' }];
}

function destinations(count: number): string {
  return count === 1 ? '1 destination' : `${count} destinations`;
}
