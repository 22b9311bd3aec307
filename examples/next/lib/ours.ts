import { headers } from 'next/headers';
import { after } from 'next/server';
import { nextVisitors } from 'ours-ingest/next';
import { createOurs } from '../../shop/ours';
import { OURS_BASE_URL } from './env';

// Ten minutes, to show that nobody waits for them: what is tracked leaves by `after()`.
export const ours = createOurs(OURS_BASE_URL, { flushIntervalMs: 600_000 });

/** Whose request it is; what they do is sent after the answer. */
export const { visitor, requestHandler } = nextVisitors(ours, { headers, after });
