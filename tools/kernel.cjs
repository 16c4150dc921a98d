/**
 * Starts the notebook kernel, tslab, with a compiler that does not watch files on disk. Left to itself it watches the declarations of
 * every library that a notebook imports, and a library that is built again while a cell runs stops it with an error.
 */
'use strict';

const {sys} = require('@tslab/typescript-for-tslab');

const watch = () => ({close() {}});
sys.watchFile = watch;
sys.watchDirectory = watch;

require('tslab/dist/main.js').main();
