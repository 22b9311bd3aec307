import { headers } from 'next/headers';
import { after } from 'next/server';
import { nextVisitors } from 'ours-ingest/next';
import { createOurs } from '../../shop/ours';
import { OURS_BASE_URL } from './env';

// Ten minutes, to show that `after()` sends the events, not this interval.
export const ours = createOurs(OURS_BASE_URL, { flushIntervalMs: 600_000 });

/** The visitor of a request; events are sent after the response. */
export const { visitor, requestHandler } = nextVisitors(ours, { headers, after });
