/** Copies the npm packages that the library and its tests load, without what only editors, browsers and compilers read. */
import {cpSync, existsSync, mkdirSync, readFileSync, symlinkSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';

const unneeded = /\.(map|[cm]?ts|md|html|tsbuildinfo|cc|h|flow|a)$/;
/** TensorFlow.js brings each package in several forms, of which Node loads one. */
const unneededForms =
  /\/(tfjs|tfjs-backend-\w+|tfjs-converter|tfjs-data|tfjs-layers)\/dist\/(?!tf[^/]*\.node\.js$).*\.js$|\.(min|fesm|es2017)\.|_test\.js$|\/dist\/tf-core\.js$/;
/** Packages that only tests and commands load which the checks leave out. */
const leftOut = ['h5wasm'];

/** @returns {number} How many packages were copied. */
export function copyPackages(home, target) {
  const source = join(home, 'node_modules');
  const wanted = new Set();
  const visit = (folder, optional = false) => {
    if (folder === undefined || wanted.has(folder)) {
      if (folder === undefined && !optional)
        throw new Error(`Expected a package in node_modules; run npm test first`);
      return;
    }
    wanted.add(folder);
    const {dependencies = {}, optionalDependencies = {}} = readPackage(folder);
    for (const name of Object.keys(dependencies)) visit(find(name, folder), name in optionalDependencies);
    for (const name of Object.keys(optionalDependencies)) visit(find(name, folder), true);
  };
  const find = (name, from) => {
    for (let folder = from; folder.startsWith(home); folder = dirname(folder)) {
      const place = join(folder, 'node_modules', name);
      if (existsSync(join(place, 'package.json'))) return place;
    }
    return undefined;
  };
  const lib = join(home, 'lib');
  for (const name of Object.keys(readPackage(lib).dependencies).filter((one) => !leftOut.includes(one)))
    visit(find(name, lib));
  for (const name of ['mocha', 'chai']) visit(find(name, home));
  mkdirSync(target, {recursive: true});
  for (const folder of wanted) {
    const place = folder.startsWith(source)
      ? join(target, relative(source, folder))
      : join(dirname(target), relative(home, folder));
    cpSync(folder, place, {
      recursive: true,
      filter: (path) => {
        const inside = relative(folder, path);
        return (
          !/(^|\/)node_modules(\/|$)/.test(inside) &&
          !unneeded.test(inside) &&
          !(folder.includes('@tensorflow') && unneededForms.test(path))
        );
      },
    });
  }
  symlinkSync('../lib', join(target, 'captioner'));
  return wanted.size;
}

function readPackage(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
