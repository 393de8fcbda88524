const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

/** Handles a Node that is too old: a clone fetches a supported one, a package reports an error. */
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
