/**
 * Who may import whom. The layers are the design: each rule below says what would be lost without it.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */
module.exports = {
  forbidden: [
    {
      name: 'contract-is-pure',
      comment:
        'Workflows, activities and clients all read the contract: whatever it imported would be in each of them.',
      severity: 'error',
      from: { path: '^src/contract/' },
      to: { pathNot: '^src/contract/' },
    },
    {
      name: 'workflows-do-no-io',
      comment: 'Workflow code is replayed: it knows the contract, the SDK, and the types of the activities.',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: {
        pathNot: ['^src/(workflows|contract|activities)/', '^node_modules/@temporalio/(workflow|common)/'],
      },
    },
    {
      name: 'workflows-know-activities-by-type',
      comment:
        'An activity that is imported, not proxied, would run in the sandbox and be bundled with all it needs.',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: { path: '^src/activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'legifrance-stands-alone',
      comment: 'The API client can be read, tested and replaced without anything else of ours.',
      severity: 'error',
      from: { path: '^src/legifrance/' },
      to: { path: ['^src/', '^node_modules/@temporalio/'], pathNot: '^src/(legifrance|contract)/' },
    },
    {
      name: 'listing-and-quota-know-no-transport',
      comment: 'What is listed or counted does not depend on how requests are sent: `api.ts` joins them.',
      severity: 'error',
      from: { path: '^src/legifrance/(listing|quota)/' },
      to: { path: '^src/legifrance/transport/' },
    },
    {
      name: 'supabase-stands-alone',
      comment: 'So can the client of Storage and the database.',
      severity: 'error',
      from: { path: '^src/supabase/' },
      to: { path: ['^src/', '^node_modules/@temporalio/'], pathNot: '^src/(supabase|contract)/' },
    },
    {
      name: 'migrations-stand-alone',
      comment: 'They need a database and nothing else: no API, no Temporal, no key.',
      severity: 'error',
      from: { path: '^src/migrations/' },
      to: {
        path: ['^src/', '^node_modules/@(temporalio|supabase)/'],
        pathNot: '^src/(migrations|contract)/',
      },
    },
    {
      name: 'verdict-is-pure',
      comment: 'What coherent means is a rule about figures, wherever they were read.',
      severity: 'error',
      from: { path: '^src/coherence/' },
      to: { pathNot: '^src/(coherence|contract)/' },
    },
    {
      name: 'massive-and-backfill-share-from-above',
      comment: 'What two workflows share lies beside their folders: changing one cannot change the other.',
      severity: 'error',
      from: { path: '^src/workflows/([^/]+)/' },
      to: { path: '^src/workflows/[^/]+/', pathNot: '^src/workflows/$1/' },
    },
    {
      name: 'shell-knows-no-command',
      comment: 'Every command uses the shell, so it must not depend on one of them.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/commands/' },
    },
    {
      name: 'command-families-are-apart',
      comment: 'Only `setup` looks at the others: `up` starts collections, `status` shows them.',
      severity: 'error',
      from: { path: '^src/commands/([^/]+)/', pathNot: '^src/commands/setup/' },
      to: { path: '^src/commands/[^/]+/', pathNot: '^src/commands/$1/' },
    },
    {
      name: 'commands-are-the-top',
      comment: 'The worker runs without the command line.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(commands/|cli/|client.ts$)' },
      to: { path: '^src/(commands|cli)/' },
    },
    {
      name: 'local-is-the-outside-world',
      comment:
        'The doubles are written from what the real services answer. Sharing code, a mistake would agree with itself.',
      severity: 'error',
      from: { path: '^local/' },
      to: { path: '^(bin|src|test|bench|tools)/' },
    },
    {
      name: 'src-knows-only-itself',
      comment: 'What is deployed works without the doubles, the tests, the benchmarks and the tools.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(bin|local|test|bench|tools)/' },
    },
    {
      name: 'src-needs-no-dev-dependency',
      comment: 'An installation with `npm ci --omit=dev` must run.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      comment: 'Files of a cycle can only be understood, tested and loaded together.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing-outside-the-repository',
      comment: 'A clone is complete.',
      severity: 'error',
      from: {},
      to: { path: '^(\\.\\./|/)' },
    },
    {
      name: 'everything-resolves',
      comment: 'A misspelt or undeclared module would only fail on the machine of somebody else.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'everything-is-declared',
      comment:
        'A package that only another one brings along may be gone, or another version, after the next install.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
