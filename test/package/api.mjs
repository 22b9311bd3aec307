// Holds the public API against its committed report, one a subpath. `node test/package/api.mjs --update` accepts a change.
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const root = fileURLToPath(new URL('../..', import.meta.url));
const update = process.argv.includes('--update');
let failed = false;

const SUBPATHS = [
  'index',
  'azure',
  'collector',
  'commerce',
  'compat',
  'exposures/sqlite',
  'exposures/redis',
  'exposures/postgres',
  'express',
  'fastify',
  'flags',
  'google-cloud',
  'hono',
  'koa',
  'lambda',
  'nestjs',
  'next',
  'openfeature',
  'outbox/sqlite',
  'outbox/redis',
  'outbox/postgres',
  'request',
  'stripe',
  'testing',
  'otel',
  'privacy',
  'webhooks',
];

for (const subpath of SUBPATHS) {
  const config = ExtractorConfig.prepare({
    configObjectFullPath: `${root}api-extractor.json`,
    packageJsonFullPath: `${root}package.json`,
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: `${root}dist/${subpath}.d.ts`,
      compiler: { overrideTsconfig: { compilerOptions: { lib: ['ES2023'], types: ['node'] } } },
      apiReport: {
        enabled: true,
        reportFileName: `${subpath.replace('/', '-')}.api.md`,
        reportFolder: `${root}test/package/`,
        reportTempFolder: `${root}temp/`,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: { default: { logLevel: 'none' }, 'ae-missing-release-tag': { logLevel: 'none' } },
      },
    },
  });
  const result = Extractor.invoke(config, { localBuild: update, showVerboseMessages: false });
  if (result.apiReportChanged && !update) {
    console.error(
      `The public API of '${subpath}' differs from test/package/${subpath}.api.md: temp/ holds the new one.`,
    );
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
