/** Our side of train-lstm: forward, backward and Adam of the LSTM decoder, on full captions. */
import {createRequire} from 'node:module';
import {trainDecoder} from './train-decoder.mjs';

const {batch, steps, vocabulary, depth, block, ...options} = createRequire(import.meta.url)(
  './train-lstm.json',
);
trainDecoder('lstm', {features: [batch, depth], steps, vocabulary, depth, block}, options);
