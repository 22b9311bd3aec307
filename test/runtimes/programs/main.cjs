const { createClient } = require('ours-ingest');
const { currentVisitor, requestHandler } = require('ours-ingest/request');
const { openVisitor, sealVisitor } = require('ours-ingest/webhooks');

const modules = { createClient, currentVisitor, requestHandler, openVisitor, sealVisitor };
import('./exercise.mjs').then(async ({ exercise }) => {
  console.log(JSON.stringify(await exercise(modules, process.env.COLLECTOR)));
});
