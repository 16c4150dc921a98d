import {defineConfig} from 'eslint/config';
import tseslint from 'typescript-eslint';
import layers from './tools/eslint/layers.mjs';

/** The folders and files of lib: each may import from those before it, never from those after it. Those of an inner list are peers. */
const order = [
  [
    'build-progress',
    'description',
    'terminal',
    'errors',
    'file-error',
    'given',
    'memory',
    'paths',
    'quote-value',
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
  {
    // Untrusted input goes through one guard: text to terminal.ts, images to image-guard.ts, files to regular-file.ts.
    files: ['lib/**/*.ts'],
    ignores: ['lib/terminal.ts', 'lib/tensorflow/tf-environment.ts', 'lib/serve/page/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.property.name=/^std(out|err)$/][property.name='write']",
          message: 'Print with lib/terminal.ts, which escapes control characters.',
        },
        {
          selector: "CallExpression[callee.object.name='console']:not([arguments.0.type='Literal'])",
          message: 'Print with lib/terminal.ts, which escapes control characters.',
        },
        {
          selector: "CallExpression[callee.property.name='emitWarning']",
          message: 'Warn with lib/terminal.ts, which escapes control characters.',
        },
      ],
    },
  },
  {
    files: ['lib/**/*.ts'],
    // They read files of the installation or the system, or write.
    ignores: [
      'lib/encoders/image-guard.ts',
      'lib/files/**',
      'lib/tensorflow/**',
      'lib/doctor.ts',
      'lib/version.ts',
      'lib/serve/assets.ts',
      'lib/show/watch-run.ts',
      'lib/datasets/downloads/**',
      'lib/metrics/meteor/**',
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:fs',
              importNames: ['readFileSync', 'readFile', 'openSync', 'open', 'createReadStream'],
              message:
                'Read with lib/files/regular-file.ts, which refuses devices, pipes and what is too large.',
            },
            {name: 'node:fs/promises', message: 'Read with lib/files/regular-file.ts.'},
          ],
        },
      ],
    },
  },
  {
    files: ['lib/**/*.ts'],
    // They draw or encode the library's own pixels.
    ignores: [
      'lib/encoders/image-guard.ts',
      'lib/datasets/synthetic/scenes.ts',
      'lib/serve/hide.ts',
      'lib/show/{image,overlay,signed-map}.ts',
      'lib/training/tensorboard/captioned-image.ts',
    ],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'sharp',
              allowTypeImports: true,
              message: 'Decode with lib/encoders/image-guard.ts, which limits formats, pixels and time.',
            },
          ],
        },
      ],
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
