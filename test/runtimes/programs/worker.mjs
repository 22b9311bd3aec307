import { env } from 'cloudflare:workers';
import { createClient } from 'ours-ingest';
import { currentVisitor, requestHandler } from 'ours-ingest/request';
import { openVisitor, sealVisitor } from 'ours-ingest/webhooks';
import { exercise, optionsFor } from './exercise.mjs';

const modules = { currentVisitor, requestHandler, openVisitor, sealVisitor };
// Made where nothing may be begun yet, and used by all requests.
const client = createClient(optionsFor(env.COLLECTOR));

export default {
  fetch: requestHandler(client, async () => Response.json(await exercise(modules, client))),
};
