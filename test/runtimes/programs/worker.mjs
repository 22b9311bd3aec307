import { createClient } from 'ours-ingest';
import { currentVisitor, requestHandler } from 'ours-ingest/request';
import { openVisitor, sealVisitor } from 'ours-ingest/webhooks';
import { exercise } from './exercise.mjs';

// As in a real Worker, everything that goes to the network happens within a request.
export default {
  async fetch(_request, { COLLECTOR }) {
    const modules = { createClient, currentVisitor, requestHandler, openVisitor, sealVisitor };
    return Response.json(await exercise(modules, COLLECTOR));
  },
};
