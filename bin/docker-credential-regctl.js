#!/usr/bin/env node
void Promise.all([import('../dist/cli/credential-helper.js'), import('../dist/cli/io.js')]).then(
  async ([{ credentialHelper }, { processIo }]) => {
    const status = await credentialHelper(processIo(process));

    // A call to the keychain that was given up must not hold the process.
    process.exit(status);
  },
);
