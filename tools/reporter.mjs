/** Mocha's reporter for `npm test`: what it prints is mocha's own `spec`; beside it, mocha's JSON results go to a file. */
import Mocha from 'mocha';

const {Spec, JSON: Results} = Mocha.reporters;

export default class SpecAndResults extends Spec {
  constructor(runner, options) {
    super(runner, options);
    new Results(runner, {...options, reporterOption: {output: process.env.CAPTIONER_TEST_RESULTS}});
  }
}
