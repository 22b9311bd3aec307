const { createClient } = require('ours-ingest');
const { currentVisitor, requestHandler } = require('ours-ingest/request');
const { openVisitor, sealVisitor } = require('ours-ingest/webhooks');

const modules = { currentVisitor, requestHandler, openVisitor, sealVisitor };
import('./exercise.mjs').then(async ({ exercise, optionsFor }) => {
  console.log(JSON.stringify(await exercise(modules, createClient(optionsFor(process.env.COLLECTOR)))));
});
