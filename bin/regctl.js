#!/usr/bin/env node
import module from 'node:module';
import v8 from 'node:v8';

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
process.exitCode = await main(processIo(process, tune));

// Everything is written by now; a connection that something left open must not hold the shell.
setTimeout(() => process.exit(), 1000).unref();

/**
 * Garbage is collected before the process grows: 5,000 tags then need 100 MB instead of 170, at no
 * more CPU. undici's parser is WebAssembly; to optimise it costs 90 ms and 35 MB, and no run earns
 * them back. The buffers of blobs make V8 mark its small heap again and again: a tenth to a fifth of
 * a copy's CPU in the background, a few milliseconds at once (docs/performance.md). Not before
 * everything is loaded: a change of flags makes V8 compile Node's own modules anew. A later V8 that
 * does not know a flag would complain.
 */
function tune() {
  if (major > 24) return;
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  v8.setFlagsFromString('--heap-growing-percent=40');
  v8.setFlagsFromString('--liftoff-only');
  v8.setFlagsFromString('--no-incremental-marking');
}
