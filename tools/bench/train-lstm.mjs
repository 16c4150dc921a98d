/** Our side of train-lstm: forward, backward and Adam of the LSTM decoder, on full captions. */
import {trainDecoder} from './train-decoder.mjs';

trainDecoder('lstm');
