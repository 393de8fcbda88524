#!/usr/bin/env node
const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
const isSupported =
  major >= 26 ||
  (major === 24 && minor >= 15) ||
  (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));
if (isSupported) void run();
else require('./old-node.js')(__filename);

async function run() {
  if (!require('./called-as.js')(process)) {
    await require('../dist/bundle/start.cjs')(process, require);
    return;
  }
  const [{ runCredentialHelper }, { processIo }] = await Promise.all([
    import('../dist/cli/credential-helper.js'),
    import('../dist/cli/io.js'),
  ]);
  const status = await runCredentialHelper(processIo(process));

  // A hanging call to the keychain must not keep the process alive.
  process.exit(status);
}
