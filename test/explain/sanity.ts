/**
 * The sanity check of Adebayo et al. 2018, arXiv 1810.03292: a map that explains a model must change when the model's weights are
 * randomised from the top down.
 */
import {Captioner, type Decoder, drawScenes, tf} from 'captioner';
import {Cnn} from 'captioner/dist/encoders/cnn';
import {CaptionModel} from 'captioner/dist/explain/caption-model';
import {normal} from 'captioner/dist/ops/random';
import {join} from 'node:path';
import sharp from 'sharp';
import {projectRoot} from '../support';
