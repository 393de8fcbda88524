/** Fails in one line on a Node.js that lacks what the library uses; imported before everything else. */
const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
const isSupported =
  major >= 26 ||
  (major === 24 && minor >= 15) ||
  (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));
if (!isSupported) {
  throw new Error(
    `@regctl/cli needs Node.js 22.22.2, 24.15 or 26 and newer; this is ${process.versions.node}`,
  );
}
export {};
