/**
 * Sets up whatever is missing; does nothing if everything is set up. This file and `setup/node.mjs` use only syntax that an
 * old Node can parse, so that they can report an unsupported version; everything else is loaded after that check.
 */
import {nodeProblem} from './setup/node.mjs';

const problem = nodeProblem(process.versions.node, process.platform);
if (problem) {
  console.error(problem);
  process.exit(1);
} else {
  import('./setup/main.mjs').then(({main}) => main(process.argv.slice(2)));
}
