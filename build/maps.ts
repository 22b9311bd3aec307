import { writeDeclarationMaps } from './declaration-maps.js';
import { inlineBundledSources } from './source-maps.js';

// After the bundles: declarations are written last.
await writeDeclarationMaps('dist', 'src');
await inlineBundledSources('dist');
