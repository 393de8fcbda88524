const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

/** What a program does under a Node that is too old: a clone fetches one, a package says so. */
module.exports = function oldNode(program) {
  const launcher = join(__dirname, '..', 'scripts', 'node.mjs');
  if (existsSync(launcher)) {
    void import(pathToFileURL(launcher).href).then(({ runUnderNode }) =>
      runUnderNode(program, process.argv.slice(2)),
    );
    return;
  }
  const { engines } = require('../package.json');
  process.stderr.write(
    `error: regctl needs Node.js ${engines.node}; this is ${process.versions.node}. Install Node.js 24: https://nodejs.org\n`,
  );
  process.exitCode = 1;
};
