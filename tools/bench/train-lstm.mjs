/** Our side of train-lstm: forward, backward and Adam of the LSTM decoder, on full captions. */
import {createRequire} from 'node:module';
import {trainDecoder} from './train-decoder.mjs';

const {
  batch: full,
  steps,
  vocabulary,
  depth,
  block,
  ...options
} = createRequire(import.meta.url)('./train-lstm.json');
// A smaller batch may be named.
const batch = Number(process.argv[2] ?? full);
trainDecoder('lstm', {features: [batch, depth], steps, vocabulary, depth, block}, options);
