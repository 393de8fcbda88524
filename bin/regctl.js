#!/usr/bin/env node
import module from 'node:module';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `error: regctl needs Node.js 20.19 or newer; this is ${process.versions.node}\n`,
  );
  process.exit(1);
}

// Node 22 keeps compiled code, which makes every start but the first shorter.
module.enableCompileCache?.();

const { main, processIo } = await import('../dist/bundle/regctl.js');
process.exitCode = await main(processIo(process));

// Everything is written by now; a connection that something left open must not hold the shell.
setTimeout(() => process.exit(), 1000).unref();
