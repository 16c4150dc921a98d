/**
 * Sets up whatever is missing, and does nothing when nothing is. This file and `setup/node.mjs` keep to syntax that an
 * old Node can read, so that it is told what it lacks; everything else is loaded after that check.
 */
import {nodeProblem} from './setup/node.mjs';

const problem = nodeProblem(process.versions.node, process.platform);
if (problem) {
  console.error(problem);
  process.exit(1);
} else {
  import('./setup/main.mjs').then(({main}) => main(process.argv.slice(2)));
}
