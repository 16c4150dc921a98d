/** Our side of train-attention: forward, backward and Adam of the soft-attention decoder, on full captions. */
import {createRequire} from 'node:module';
import {trainDecoder} from './train-decoder.mjs';

const {
  batch: full,
  steps,
  cells,
  vocabulary,
  depth,
  block,
  ...options
} = createRequire(import.meta.url)('./train-attention.json');
// A smaller batch may be named.
const batch = Number(process.argv[2] ?? full);
trainDecoder('attention', {features: [batch, cells, depth], steps, vocabulary, depth, block}, options);
