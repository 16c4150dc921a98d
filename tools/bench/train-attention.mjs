/** Our side of train-attention: forward, backward and Adam of the soft-attention decoder, on full captions. */
import {trainDecoder} from './train-decoder.mjs';

trainDecoder('attention');
