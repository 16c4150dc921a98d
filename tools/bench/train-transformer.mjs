/** Our side of train-transformer: forward, backward and Adam of the transformer decoder, on full captions. */
import {trainDecoder} from './train-decoder.mjs';

trainDecoder('transformer');
