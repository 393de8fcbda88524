#!/usr/bin/env node
const [{ credentialHelper }, { processIo }] = await Promise.all([
  import('../dist/cli/credential-helper.js'),
  import('../dist/cli/io.js'),
]);
const status = await credentialHelper(processIo(process));

// A call to the keychain that was given up must not hold the process.
process.exit(status);
