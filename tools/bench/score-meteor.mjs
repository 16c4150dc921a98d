/** Our side of score-meteor: tokens, METEOR's tables from their files, and the scores of 1,000 images. */
import {createRequire} from 'node:module';
import {captionsToScore} from './captions.mjs';
import {serve} from './serve.mjs';

const require = createRequire(import.meta.url);
const {ptbTokenize} = require('captioner');
const {Meteor} = require('captioner/dist/metrics/meteor');
const {meteorFolder} = require('captioner/dist/paths');
const {candidates, references} = await captionsToScore();

serve('seconds for 1,000 images', async () => {
  const tokens = references.map((own) => own.map(ptbTokenize));
  const meteor = await Meteor.load(meteorFolder(), tokens);
  meteor.measure(candidates.map(ptbTokenize), tokens);
  return 1;
});
