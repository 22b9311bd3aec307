import type { OutcomeInfo } from '../core/outcome.js';
import { fromBytes } from '../protocol/bytes.js';
import {
  PATHS,
  type WireAssignmentAnswer,
  type WireAssignmentRequest,
  type WireBatchAnswer,
  type WireBatchRow,
  type WireTrack,
} from '../protocol/wire.js';
import type { HttpPost } from '../transport/http-transport.js';

export interface ServiceOptions {
  /**
   * Returns the name of the visitor's variant, or `undefined` for a visitor who is not in the experiment. If it throws, the
   * assignment is the fallback, as in an outage. The client caches a visitor's answer for a minute.
   * @default every visitor is outside every experiment
   */
  readonly variant?: ((experimentKey: string, userId: string) => string | undefined) | undefined;
  /** Returns why the service rejects an event, or `undefined` to accept it. @default every event is accepted */
  readonly refuse?: ((event: Pick<OutcomeInfo, 'event' | 'distinctId'>) => string | undefined) | undefined;
}

/** Answers like the service and stores nothing. */
export function createService({ variant, refuse }: ServiceOptions): HttpPost {
  function take(rows: readonly WireTrack[]): WireBatchAnswer {
    const results = rows.map(({ event, distinctId }, index): WireBatchRow => {
      const message = refuse?.({ event, distinctId: distinctId! });
      return message === undefined
        ? { index, success: true }
        : { index, success: false, code: 'invalid_event', message };
    });
    const failed = results.filter(({ success }) => !success).length;
    return { success: true, accepted: rows.length - failed, failed, results };
  }

  function assign(experimentKey: string, userId: string): WireAssignmentAnswer {
    const name = variant?.(experimentKey, userId);
    if (name === undefined) return { success: true, in_experiment: false };
    return {
      success: true,
      in_experiment: true,
      experiment_id: experimentKey,
      experiment_key: experimentKey,
      variant_id: name,
      variant_name: name,
    };
  }

  function answer(path: string, body: unknown): object {
    if (path === PATHS.batch) return take((body as { events: WireTrack[] }).events);
    if (path.startsWith(PATHS.assignments)) {
      const key = decodeURIComponent(path.slice(PATHS.assignments.length));
      return assign(key, (body as WireAssignmentRequest).visitor_id);
    }
    return path === PATHS.personalization ? { success: true, personalizations: [], properties: {} } : { success: true };
  }

  return async (path, body) => ({
    status: 200,
    header: () => undefined,
    text: JSON.stringify(answer(path, JSON.parse(fromBytes(body)))),
  });
}
