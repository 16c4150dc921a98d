#!/usr/bin/env node
'use strict';
// The command `captioner`: hands over to the compiled library, or says how to compile it.
const {existsSync} = require('node:fs');
const {join} = require('node:path');

const cli = join(__dirname, '..', 'dist', 'cli.js');
if (existsSync(cli)) {
  void require(cli).main(process.argv.slice(2));
} else {
  console.error('captioner: the library is not built yet; `npm start` or `npm test` sets everything up');
  process.exitCode = 1;
}
