import { createClient } from 'ours-ingest';
import { makeEvent } from '../events.mjs';

export function create({ url, rows, maxQueueSize }) {
  const ours = createClient({
    token: 'test_bench',
    baseUrl: `${url}/api/v1`,
    flushAt: rows,
    ...(maxQueueSize === undefined ? {} : { maxQueueSize }),
    logger: { warn: () => undefined },
  });
  return { makeEvent, track: ours.track, drain: () => ours.flush(), close: () => ours.close() };
}
