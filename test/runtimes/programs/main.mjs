import { createClient } from 'ours-ingest';
import { currentVisitor, requestHandler } from 'ours-ingest/request';
import { openVisitor, sealVisitor } from 'ours-ingest/webhooks';
import { exercise, optionsFor } from './exercise.mjs';

const modules = { currentVisitor, requestHandler, openVisitor, sealVisitor };
console.log(JSON.stringify(await exercise(modules, createClient(optionsFor(process.env.COLLECTOR)))));
