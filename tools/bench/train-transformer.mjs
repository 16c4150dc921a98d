/** Our side of train-transformer: forward, backward and Adam of the transformer decoder, on full captions. */
import {createRequire} from 'node:module';
import {trainDecoder} from './train-decoder.mjs';

const {batch, steps, cells, vocabulary, depth, block, ...options} = createRequire(import.meta.url)(
  './train-transformer.json',
);
trainDecoder('transformer', {features: [batch, cells, depth], steps, vocabulary, depth, block}, options);
