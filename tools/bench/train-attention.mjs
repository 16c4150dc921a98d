/** Our side of train-attention: forward, backward and Adam of the soft-attention decoder, on full captions. */
import {createRequire} from 'node:module';
import {trainDecoder} from './train-decoder.mjs';

const {batch, steps, cells, vocabulary, depth, block, ...options} = createRequire(import.meta.url)(
  './train-attention.json',
);
trainDecoder('attention', {features: [batch, cells, depth], steps, vocabulary, depth, block}, options);
