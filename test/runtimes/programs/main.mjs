import { createClient } from 'ours-ingest';
import { currentVisitor, requestHandler } from 'ours-ingest/request';
import { openVisitor, sealVisitor } from 'ours-ingest/webhooks';
import { exercise } from './exercise.mjs';

const modules = { createClient, currentVisitor, requestHandler, openVisitor, sealVisitor };
console.log(JSON.stringify(await exercise(modules, process.env.COLLECTOR)));
