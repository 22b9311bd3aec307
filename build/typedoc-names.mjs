// A plugin of TypeDoc: names each entry by the import of its users instead of its place in src.
import { Converter } from 'typedoc';

/** adapters/express → ours-ingest/express */
function importOf(name) {
  if (name === 'index') return 'ours-ingest';
  return `ours-ingest/${name.replace(/^adapters\//, '').replace(/^webhooks\/stripe$/, 'stripe')}`;
}

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) module.name = importOf(module.name);
  });
}
