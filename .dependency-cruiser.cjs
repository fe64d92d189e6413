/** The directions that DESIGN §6 allows; `npm run check:dependencies` refuses the others. */
const services = '^(command-service|projector|enforcer-relay|rightsizer)/';
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'services-do-not-meet',
      comment: 'A service depends on schemas/ and packages/ only: services meet on the log.',
      severity: 'error',
      from: { path: services },
      to: { path: services, pathNot: '^$1/' },
    },
    {
      name: 'services-do-not-know-infra',
      severity: 'error',
      from: { path: services },
      to: { path: '^infra/' },
    },
    {
      name: 'packages-do-not-know-services',
      severity: 'error',
      from: { path: '^(packages|schemas)/' },
      to: { path: services },
    },
    {
      name: 'only-test-kit-and-cli-know-infra',
      severity: 'error',
      from: { path: '^(packages|schemas)/', pathNot: '^packages/(test-kit|cli)/' },
      to: { path: '^infra/' },
    },
    {
      name: 'test-kit-is-for-tests',
      severity: 'error',
      from: { pathNot: '(\\.spec\\.ts$|\\.contract\\.ts$|^packages/test-kit/|/test/)' },
      to: { path: '^packages/test-kit/' },
    },
    {
      name: 'kafkajs-stays-behind-the-port',
      severity: 'error',
      from: { pathNot: '^packages/kafka-port/' },
      to: { path: 'node_modules/kafkajs/' },
    },
    {
      name: 'taking-commands-in-knows-no-http',
      comment: 'The desk serves whatever interface calls it: routes are one, and not the last.',
      severity: 'error',
      from: { path: '^command-service/src/gateway/submit/' },
      to: { path: '(node_modules/express/|^command-service/src/gateway/(?!submit/|commandRoles))' },
    },
    {
      name: 'quota-model-is-pure',
      comment:
        'decide and evolve see no clock, no random and no I/O: nothing from Node, types aside, and of npm only what computes and no more.',
      severity: 'error',
      from: { path: '^packages/quota-model/src/', pathNot: '\\.spec\\.ts$' },
      to: {
        dependencyTypes: ['core', 'npm'],
        pathNot: 'node_modules/(ajv|re2js|@marcbachmann/cel-js|@noble/hashes)/',
      },
    },
    {
      name: 'quota-model-takes-only-types-from-schemas',
      comment: 'The schemas package reads files when it is loaded.',
      severity: 'error',
      from: { path: '^packages/quota-model/src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(?!packages/quota-model/|node_modules/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(node_modules/\\.|\\.prorata|generated/.*\\.json$)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
