/** Mocha reporter for `npm test`: prints mocha's `spec` report and also writes mocha's JSON results to a file. */
import Mocha from 'mocha';

const {Spec, JSON: Results} = Mocha.reporters;

export default class SpecAndResults extends Spec {
  constructor(runner, options) {
    super(runner, options);
    new Results(runner, {...options, reporterOption: {output: process.env.CAPTIONER_TEST_RESULTS}});
  }
}
