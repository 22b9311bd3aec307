// Who may import whom (ARCHITECTURE.md, "Levels"): a folder imports only from folders of lower levels.
const LEVELS = {
  core: 0,
  protocol: 1,
  commerce: 2,
  telemetry: 2,
  transport: 3,
  sqlite: 3,
  tracking: 3,
  outbox: 4,
  assignment: 4,
  runtime: 4,
  delivery: 5,
  exposures: 5,
  client: 6,
  adapters: 7,
  privacy: 7,
  webhooks: 7,
  testing: 7,
  compat: 7,
  cli: 8,
};

/** The one rule for a folder: it may import itself and these folders of `src`, and nothing else of `src`. */
const onlyFrom = (folder, allowed, file) => ({
  name: `${folder.replaceAll('/', '-')}-imports-from-lower-levels`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/${file ? `|${file}` : ''}` },
});

const byLevel = Object.entries(LEVELS).map(([folder, level]) => {
  const lower = Object.keys(LEVELS).filter((other) => LEVELS[other] < level);
  // The collector stands apart; commands alone start it.
  // The compatible client imports the package by its name, as an application does.
  if (folder === 'compat') return onlyFrom(folder, lower, '^src/index\\.ts$');
  return onlyFrom(folder, folder === 'cli' ? [...lower, 'collector'] : lower);
});

module.exports = {
  forbidden: [
    ...byLevel,
    onlyFrom('collector', ['core', 'protocol', 'sqlite']),
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'two-entries-at-the-root',
      comment: 'Everything else stands in a folder, so that it has a level.',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+$', pathNot: '^src/(index|edge)\\.ts$' },
    },
    {
      name: 'webhooks-see-the-client-as-types',
      severity: 'error',
      from: { path: '^src/webhooks/' },
      to: { path: '^src/(client/(?!scoped-client)|tracking/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'webhooks-know-no-provider',
      severity: 'error',
      from: { path: '^src/webhooks/', pathNot: '^src/webhooks/stripe/' },
      to: { path: '^src/webhooks/stripe/' },
    },
    {
      name: 'measuring-is-pure',
      comment: 'The rules that decide what counts are functions of values.',
      severity: 'error',
      from: { path: '^src/collector/measuring/' },
      to: { path: '^src/', pathNot: '^src/(collector/measuring|core|protocol)/' },
    },
    {
      name: 'the-log-knows-no-http',
      severity: 'error',
      from: { path: '^src/collector/(experiments|ingest|measuring|queries|store)/' },
      to: { path: '^src/collector/(http|page|platform)/' },
    },
    {
      name: 'adapters-know-the-client-as-types-only',
      severity: 'error',
      from: { path: '^src/adapters/' },
      to: { path: '^src/client/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'adapters-know-no-framework',
      comment:
        'A framework is described by what is used of it; its types are for our tests. Nest alone has decorators to call.',
      severity: 'error',
      from: { path: '^src/adapters/', pathNot: '^src/adapters/nest(js|-module)\\.ts$' },
      to: { path: 'node_modules' },
    },
    {
      name: 'nest-stays-in-its-entry',
      comment: 'Importing it loads Nest, so only its own entry may.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/adapters/nest' },
      to: { path: '^src/adapters/nest' },
    },
    {
      name: 'adapters-without-node',
      comment: 'They run on Workers and Edge, which have AsyncLocalStorage and little else of Node.',
      severity: 'error',
      from: { path: '^src/adapters/' },
      to: { dependencyTypes: ['core'], path: '.', pathNot: '^(node:)?async_hooks$' },
    },
    {
      name: 'nobody-imports-the-doubles',
      comment: 'What is for tests of users stays out of what they ship.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'doubles-import-no-test-runner',
      severity: 'error',
      from: { path: '^src/testing/' },
      to: { path: 'node_modules' },
    },
    {
      name: 'edge-path-without-node',
      comment:
        'Only the Node platform with its telemetry, the collector and the durable outboxes may use built-ins; the core runs on Workers.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot:
          '^src/(cli|collector|sqlite|runtime/platform-node|transport/(undici-|decode-body)|outbox/(sqlite|redis|postgres|durable)|exposures/(sqlite|redis|postgres)|adapters/request-scope|telemetry/(channels|otel))',
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'edge-entry-reaches-no-undici',
      severity: 'error',
      from: { path: '^src/edge' },
      to: { path: '^src/(runtime/platform-node|transport/(node-post|undici-|decode-body))', reachable: true },
    },
    {
      name: 'zod-only-off-the-client',
      comment: 'Importing zod costs a cold start tens of milliseconds.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(collector|cli)/' },
      to: { path: '^node_modules/zod' },
    },
    {
      name: 'runtime-dependencies-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      // These are optional peers, installed here for our own tests.
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'],
        pathNot: 'node_modules/(libsql|@nestjs/(common|core)|@opentelemetry/api)/',
      },
    },
    {
      name: 'commands-use-what-they-bring',
      comment: 'runtime dependencies, and what build/vendored.ts bundles',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'],
        pathNot: 'node_modules/((@types/)?(pg|cli-progress)|csv-parse|ioredis|@modelcontextprotocol/sdk)/',
      },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
