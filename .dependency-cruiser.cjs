// Who may import whom (README, "How it is built"). A rule names the folder it protects.
const inside = (folders) => `^src/(${folders.join('|')})`;
const ground = ['protocol/', 'errors', 'logger', 'outcome', 'timers', 'check-option', 'secret-key'];

const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^src/${from}` },
  to: { path: '^src/', pathNot: inside([from, ...allowed]) },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only('protocol-stands-alone', 'protocol/', []),
    only('errors-stand-alone', 'errors', []),
    only('logger-knows-the-protocol', 'logger', ['protocol/']),
    only('outcome-knows-the-protocol', 'outcome', ['protocol/']),
    only('the-ledger-knows-the-ground', 'ledger/', [...ground, 'outbox/outbox']),
    only('delivery-knows-the-ground', 'delivery/', [...ground, 'outbox/outbox']),
    {
      name: 'outboxes-know-the-ground-and-their-interface',
      severity: 'error',
      from: { path: '^src/outbox/' },
      to: {
        path: '^src/',
        pathNot: inside([
          ...ground,
          'sqlite/',
          'ledger/(ledger|share-outbox|sharing-client)',
          'outbox/outbox',
          'outbox/queue',
          'outbox/records',
          'outbox/sealing',
          'outbox/errors/',
          'outbox/forget',
          'outbox/group-commit',
          'outbox/key-usage',
          'outbox/reading',
          'outbox/retry-transient',
          'outbox/stored-id',
          // The parts of one engine may know each other.
          'outbox/(sqlite|redis|postgres)/',
        ]),
      },
    },
    only('assignment-knows-delivery', 'assignment/', [...ground, 'delivery/']),
    only('exposures-know-the-ground-and-the-engines-of-outboxes', 'exposures/', [
      ...ground,
      'assignment/(exposure-store|expiring-cache)',
      'sqlite/',
      'outbox/(outbox|retry-transient)',
      'outbox/(sqlite|redis|postgres)/',
    ]),
    only('commerce-knows-the-protocol', 'commerce/', ['protocol/', 'errors', 'check-option', 'secret-key']),
    only('webhooks-know-the-ground-and-what-they-report', 'webhooks/', [
      ...ground,
      'commerce/',
      'client',
      'ledger/receipt',
      'own-client',
    ]),
    {
      name: 'webhooks-see-the-client-as-types',
      severity: 'error',
      from: { path: '^src/webhooks/' },
      to: { path: inside(['client', 'ledger/', 'outcome']), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'webhooks-know-no-provider',
      severity: 'error',
      from: { path: '^src/webhooks/', pathNot: '^src/webhooks/stripe/' },
      to: { path: '^src/webhooks/stripe/' },
    },
    only('sqlite-stands-alone', 'sqlite/', ['errors']),
    only('collector-knows-the-protocol', 'collector/', ['protocol/', 'errors', 'timers', 'sqlite/']),
    only('measuring-is-pure', 'collector/measuring/', ['protocol/', 'errors']),
    only('experiments-measure-nothing', 'collector/experiments/', [
      'protocol/',
      'errors',
      'collector/measuring/interval',
      'collector/parse',
    ]),
    {
      name: 'the-log-knows-no-http',
      severity: 'error',
      from: { path: '^src/collector/(store|measuring|experiments)/' },
      to: { path: '^src/collector/(http|page|platform)/' },
    },
    {
      name: 'interfaces-as-types-only',
      comment:
        'delivery, the ledger and outboxes see each other as interfaces; only outboxes that are shared bring a ledger',
      severity: 'error',
      from: { path: '^src/(delivery|ledger)/' },
      to: { path: '^src/outbox/', dependencyTypesNot: ['type-only'] },
    },
    only('adapters-know-the-ground', 'adapters/', [...ground, 'client', 'options', 'visitor', 'wait-until']),
    {
      name: 'adapters-know-the-client-as-types-only',
      severity: 'error',
      from: { path: '^src/adapters/' },
      to: { path: '^src/(client|options|visitor)\\.', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'adapters-know-no-framework',
      comment: 'A framework is described by what is used of it; its types are for our tests.',
      severity: 'error',
      from: { path: '^src/adapters/' },
      to: { path: 'node_modules' },
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
      name: 'nobody-imports-a-command',
      severity: 'error',
      from: { pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'edge-path-without-node',
      comment:
        'Only the Node platform, the collector and the durable outboxes may use built-ins; the core runs on Workers.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot:
          '^src/(cli|collector|sqlite|platform-node|delivery/(undici-|decode-body)|outbox/(sqlite|redis|postgres|records|sealing)|exposures/(sqlite|redis|postgres)|adapters/request-scope)',
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'edge-entry-reaches-no-undici',
      severity: 'error',
      from: { path: '^src/edge' },
      to: { path: '^src/(platform-node|delivery/(node-post|undici-|decode-body))', reachable: true },
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
      // libsql is an optional peer, installed here for our own tests.
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'], pathNot: 'node_modules/libsql' },
    },
    {
      name: 'commands-use-what-they-bring',
      comment: 'runtime dependencies, and what build/vendored.ts bundles',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'],
        pathNot: 'node_modules/((@types/)?(pg|cli-progress)|csv-parse|ioredis)/',
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
