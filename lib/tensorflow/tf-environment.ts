/** Must be loaded before TensorFlow: sets what TensorFlow reads once at start, and loads it or says what is missing. */
import util from 'node:util';
import {CaptionerError} from '../errors';
import {silenceStderr} from './silence-stderr';

// oneDNN is off by default on processors without AVX-512, where it is worth a third of a training step.
process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
// A GPU adds in another order each time, unless it is told not to: without this a resumed run would not repeat exactly.
process.env['TF_DETERMINISTIC_OPS'] ??= '1';
// Else the first process takes all of a GPU's memory, and a notebook that is open keeps the command line from running.
process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';

// tfjs-node calls a function that Node 23 removed.
(util as {isNullOrUndefined?: (value: unknown) => boolean}).isNullOrUndefined ??= (value) => value == null;

try {
  // An import would come before the lines above.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  silenceStderr(() => void require('@tensorflow/tfjs-node-gpu'));
} catch (cause) {
  const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
  throw new CaptionerError(
    'tensorflow',
    `native TensorFlow could not be loaded (${reason}); run \`npm test\` or \`npm start\` to set it up, or \`npx captioner doctor\` to see which part is missing`,
    {cause},
  );
}
