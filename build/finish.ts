import { makeCallable } from './callable-compat.js';
import { writeDeclarationMaps } from './declaration-maps.js';
import { inlineBundledSources } from './source-maps.js';
import { writeThirdParty } from './third-party.js';
import { packagesInUndici } from './undici.js';
import { vendoredPackages } from './vendored.js';

await makeCallable('dist/compat.cjs');
// After the bundles: declarations are written last.
await writeDeclarationMaps('dist', 'src');
await inlineBundledSources('dist');
// The charts of the page are a file of their own.
await writeThirdParty('dist', [...(await vendoredPackages()), ...(await packagesInUndici()), 'node_modules/uplot']);
