import { headers } from 'next/headers';
import { after } from 'next/server';
import { nextVisitors } from 'ours-ingest/next';
import { createOurs } from '../../shop/ours';
import { OURS_BASE_URL } from './env';

export const ours = createOurs(OURS_BASE_URL);

/** Whose request it is; what they do is sent after the answer. */
export const { visitor, withVisitor } = nextVisitors(ours, { headers, after });
