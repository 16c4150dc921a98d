/** Must be loaded before TensorFlow: sets what TensorFlow reads once at start, and loads it or says what is missing. */
import util from 'node:util';
import {CaptionerError} from '../errors';
import {quietly} from './quiet';

// oneDNN is off by default on processors without AVX-512, where it is worth a third of a training step.
process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';

// tfjs-node calls a function that Node 23 removed.
(util as {isNullOrUndefined?: (value: unknown) => boolean}).isNullOrUndefined ??= (value) => value == null;

try {
  // An import would come before the lines above.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  quietly(() => void require('@tensorflow/tfjs-node-gpu'));
} catch (cause) {
  const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
  throw new CaptionerError(
    'tensorflow',
    `native TensorFlow could not be loaded (${reason}); run \`npm test\` or \`npm start\` to set it up, or \`npx captioner doctor\` to see which part is missing`,
    {cause},
  );
}
