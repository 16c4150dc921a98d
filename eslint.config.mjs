import {defineConfig} from 'eslint/config';
import tseslint from 'typescript-eslint';
import layers from './tools/eslint/layers.mjs';

/** The folders and files of lib: each may import from those before it, never from those after it. Those of an inner list are peers. */
const order = [
  [
    'build-progress',
    'description',
    'errors',
    'file-error',
    'given',
    'memory',
    'paths',
    'interrupt',
    'metric-names',
    'option-fields',
    'option-group',
    'option-issues',
    'option-names',
    'option-types',
    'options',
    'report-record',
    'show-progress',
    'version',
  ],
  'files',
  'random',
  'tensorflow',
  'ops',
  'optim',
  'text',
  'datasets',
  'encoders',
  'features',
  'decoders',
  'search',
  'metrics',
  'checkpoints',
  'caption-in-groups',
  'captioner',
  'evaluation',
  'explain',
  'training',
  'show',
  'serve',
  'card',
  'doctor',
  'commands',
  'cli',
  ['index', 'option-groups'],
];

export default defineConfig(
  {
    ignores: [
      '**/dist/**',
      '.build/**',
      '.venv/**',
      'reports/**',
      'work/**',
      'data/**',
      'checkpoints/**',
      'test/fixtures/**',
    ],
  },
  {
    files: ['lib/**/*.ts', 'test/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', {ignoreRestSiblings: true, argsIgnorePattern: '^_$'}],
    },
  },
  {
    files: ['lib/**/*.ts'],
    plugins: {layers},
    rules: {
      'layers/direction': ['error', {root: 'lib', order}],
      'layers/no-cycles': ['error', {root: 'lib'}],
    },
  },
  {files: ['**/*.mjs'], extends: [tseslint.configs.recommended]},
  {
    files: ['test/**/*.ts'],
    rules: {'@typescript-eslint/no-unused-expressions': 'off'},
  },
  {
    // What must not compile has no type either.
    files: ['test/types/**/*.ts'],
    rules: {'@typescript-eslint/no-unsafe-call': 'off', '@typescript-eslint/no-unsafe-return': 'off'},
  },
);
