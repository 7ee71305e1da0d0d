import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { builtinModules } from 'node:module';

const nodeBuiltins = builtinModules.flatMap((name) => [name, `node:${name}`]);

export default tseslint.config(
  { ignores: ['node_modules', '.local', 'dist', 'coverage'] },
  // A rule that does not fit is changed here, for everybody, with its reason; not switched off on the spot.
  { linterOptions: { noInlineConfig: true } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
      // `== null` is the short way to say "null or undefined", which protobuf's types need.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    // The workflow sandbox replays: nothing in it may read a clock, an environment or the network.
    files: ['src/workflows/**/*.ts', 'src/contract/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: nodeBuiltins.map((name) => ({
            name,
            message: 'Workflow code has no access to Node builtins.',
          })),
          patterns: [
            { group: ['zod', 'zod/*'], message: 'zod makes the workflow bundle 60 % larger.' },
            {
              group: ['../supabase/*', '../legifrance/*', '../config/*', '../observability/*'],
              message: 'Workflows do no I/O.',
            },
          ],
        },
      ],
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'Workflow code must not read the process.' },
        { name: 'console', message: "Use `log` of '@temporalio/workflow': it is silent in replays." },
        { name: 'fetch', message: 'Workflows do no I/O.' },
        { name: 'setInterval', message: "Use `sleep` of '@temporalio/workflow'." },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'Use the times that activities return: a workflow replays.',
        },
        {
          selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
          message: "Use `uuid4` of '@temporalio/workflow', or leave chance to activities.",
        },
        {
          selector: "ThrowStatement > NewExpression[callee.name='Error']",
          message: 'A raw Error fails the workflow task for ever; throw ApplicationFailure.create(…).',
        },
      ],
    },
  },
  {
    // Tests wait for what happens, with a deadline: a time to sleep is too long on one machine and too short on another.
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'setTimeout', message: 'Wait for an event, with a deadline.' },
      ],
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:timers/promises', message: 'Wait for an event, with a deadline.' }] },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[object.name=/^(it|test|describe)$/][property.name="only"]',
          message: 'It leaves out all the other tests.',
        },
      ],
    },
  },
  {
    files: ['local/**/*.ts', 'src/commands/**/*.ts', 'src/client.ts', 'bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: { module: 'writable', require: 'readonly', process: 'readonly', console: 'readonly' },
    },
  },
  {
    // Node 18 must be able to load it, to say that it is too old.
    files: ['bin/*.js'],
    languageOptions: { ecmaVersion: 2022, globals: { URL: 'readonly' } },
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ group: ['../*'], message: 'Pass `() => import(…)` to `start`, which checks first.' }],
        },
      ],
    },
  },
);
