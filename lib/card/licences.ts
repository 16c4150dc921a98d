/** Terms of use, as far as they are known. What isn't known is said to be unknown, never guessed. */
import {downloads} from '../datasets/downloads/catalog';

const unknown = 'unknown';

/** Layouts of datasets whose terms the catalogue knows; other layouts can hold anything. */
const layouts: Readonly<Record<string, string>> = {
  'scenes': 'drawn by this library; Apache 2.0, like the library',
  'flickr8k': downloads.flickr8k.licence,
  'flickr8k-kaggle': downloads.flickr8k.licence,
};

/** Terms of a dataset by its layout. */
export function dataTerms(layout: string): string {
  return layouts[layout] ?? unknown;
}

/** Terms of an encoder's pretrained weights. */
export function encoderTerms(name: string): string {
  if (name.startsWith('efficientnet-lite'))
    return 'Apache 2.0; trained on ImageNet, whose images are for non-commercial research';
  return name === 'inception-v3' || name === 'mobilenet-v2' ? downloads[name].licence : unknown;
}
