// Writes the URL of every module that is loaded from here on.
import { register } from 'node:module';

const hooks = `
  import { writeSync } from 'node:fs';
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    writeSync(1, found.url + '\\n');
    return found;
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const { createClient } = await import('../../../src/index.js');
const ours = createClient();
console.log('--- created');
ours.track({ event: 'purchase', userId: 'v' });
await ours.close();
