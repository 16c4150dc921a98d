/** Our side of score-captions: tokens, BLEU, ROUGE-L and CIDEr-D of 1,000 images. */
import {createRequire} from 'node:module';
import {captionsToScore} from './captions.mjs';
import {serve} from './serve.mjs';

const {Scorer} = createRequire(import.meta.url)('captioner');
const {candidates, references} = await captionsToScore();

serve('seconds for 1,000 images', async () => {
  (await Scorer.create(references, {meteor: false})).score(candidates);
  return 1;
});
