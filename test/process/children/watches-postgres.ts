import pg from 'pg';
import { createPostgresOutbox } from '../../../src/outbox/postgres/index.js';

// Has nothing more to do than to listen.
const pool = new pg.Pool({ connectionString: process.env.POSTGRES_URL, allowExitOnIdle: true });
const outbox = createPostgresOutbox({ client: pool });
outbox.watch!(() => console.log('listening'));
