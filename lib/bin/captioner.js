#!/usr/bin/env node
'use strict';
// The command `captioner`: hands over to the compiled library, or says how to compile it.
const {existsSync} = require('node:fs');
const {join} = require('node:path');

// npm changes the working folder to that of the package; the folder in which the user typed is in INIT_CWD.
process.env.CAPTIONER_CWD ??= process.env.INIT_CWD ?? process.cwd();

const cli = join(__dirname, '..', 'dist', 'cli.js');
if (existsSync(cli)) {
  void require(cli).main(process.argv.slice(2));
} else {
  console.error('captioner: the library is not built yet; `npm start` or `npm test` sets everything up');
  process.exitCode = 1;
}
