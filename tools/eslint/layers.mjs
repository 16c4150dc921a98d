/**
 * Two rules about imports between the files of a folder: `direction` holds them to an order of layers, `no-cycles` forbids a chain of
 * imports that leads back to where it began. Imports of types count as others do. Which layers there are is in eslint.config.mjs.
 */
import {existsSync, readFileSync, statSync} from 'node:fs';
import {dirname, join, relative, resolve, sep} from 'node:path';
import ts from 'typescript';

/** The file that a relative import names, if it is a source file. */
function target(from, specifier) {
  if (!/^\.\.?(\/|$)/.test(specifier)) return undefined;
  const path = resolve(dirname(from), specifier).replace(/\.js$/, '');
  return [`${path}.ts`, join(path, 'index.ts')].find((file) => existsSync(file)) ?? `${path}.ts`;
}

/** Calls `visit` with each node that imports, and with the name it imports from. */
function importVisitor(visit) {
  const ofSource = (node) => {
    if (typeof node.source?.value === 'string') visit(node, node.source.value);
  };
  return {
    ImportDeclaration: ofSource,
    ExportNamedDeclaration: ofSource,
    ExportAllDeclaration: ofSource,
    ImportExpression: ofSource,
    TSImportType: ofSource,
    TSExternalModuleReference: (node) => visit(node, node.expression.value),
    CallExpression(node) {
      const [name] = node.arguments;
      if (node.callee.name === 'require' && typeof name?.value === 'string') visit(node, name.value);
    },
  };
}

/** Path without extension, with slashes, relative to the root of the layers. */
const nameOf = (root, file) => relative(root, file).split(sep).join('/').replace(/\.ts$/, '');

const rootOption = {type: 'string', description: 'Folder of the layers, relative to the working directory.'};

const direction = {
  meta: {
    type: 'problem',
    schema: [
      {
        type: 'object',
        properties: {
          root: rootOption,
          // A list within the list holds peers, which may import one another.
          order: {
            type: 'array',
            items: {anyOf: [{type: 'string'}, {type: 'array', items: {type: 'string'}}]},
          },
        },
        required: ['root', 'order'],
        additionalProperties: false,
      },
    ],
    messages: {
      later:
        '{{from}} must not import {{to}}: in the order of layers, {{toLayer}} comes after {{fromLayer}}.',
      unknown: '{{layer}} has no place in the order of layers; give it one in eslint.config.mjs.',
    },
  },
  create(context) {
    const {root, order} = context.options[0];
    const folder = resolve(context.cwd, root);
    const from = nameOf(folder, context.filename);
    if (from.startsWith('../')) return {};
    const layerOf = (name) => name.split('/')[0];
    const rank = (layer) =>
      order.findIndex((entry) => (Array.isArray(entry) ? entry.includes(layer) : entry === layer));

    return {
      ...importVisitor((node, specifier) => {
        const file = target(context.filename, specifier);
        if (file === undefined) return;
        const to = nameOf(folder, file);
        if (to.startsWith('../')) return;
        const [fromLayer, toLayer] = [layerOf(from), layerOf(to)];
        if (rank(toLayer) < 0) context.report({node, messageId: 'unknown', data: {layer: toLayer}});
        else if (fromLayer !== toLayer && rank(toLayer) > rank(fromLayer))
          context.report({node, messageId: 'later', data: {from, to, fromLayer, toLayer}});
      }),
      Program(node) {
        const layer = layerOf(from);
        if (rank(layer) < 0) context.report({node, messageId: 'unknown', data: {layer}});
      },
    };
  },
};

/** Imports of files on disk, read again when a file has changed. */
const known = new Map();

function importsOf(file) {
  const {mtimeMs} = statSync(file);
  const found = known.get(file);
  if (found?.mtimeMs === mtimeMs) return found.imports;
  const {importedFiles} = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  const imports = importedFiles
    .map(({fileName}) => target(file, fileName))
    .filter((path) => path !== undefined && existsSync(path));
  known.set(file, {mtimeMs, imports});
  return imports;
}

/** The shortest chain of imports from one file to another, both included. */
function chain(from, to) {
  const before = new Map([[from, undefined]]);
  for (const file of before.keys()) {
    if (file === to) {
      const files = [];
      for (let at = file; at !== undefined; at = before.get(at)) files.unshift(at);
      return files;
    }
    for (const next of importsOf(file)) if (!before.has(next)) before.set(next, file);
  }
  return undefined;
}

const noCycles = {
  meta: {
    type: 'problem',
    schema: [
      {type: 'object', properties: {root: rootOption}, required: ['root'], additionalProperties: false},
    ],
    messages: {cycle: 'This import closes a cycle: {{files}}.'},
  },
  create(context) {
    const folder = resolve(context.cwd, context.options[0].root);
    return importVisitor((node, specifier) => {
      const file = target(context.filename, specifier);
      if (file === undefined || !existsSync(file)) return;
      const files = chain(file, context.filename);
      if (files === undefined) return;
      const names = [context.filename, ...files].map((path) => nameOf(folder, path));
      context.report({node, messageId: 'cycle', data: {files: names.join(' → ')}});
    });
  },
};

export default {meta: {name: 'layers'}, rules: {'direction': direction, 'no-cycles': noCycles}};
