/**
 * The versions of Node.js that the library runs on.
 * @example
 * import { REQUIRED_NODE } from '@regctl/cli';
 *
 * console.log(`Needs Node.js ${REQUIRED_NODE}`);
 */
export const REQUIRED_NODE = '22.22.2, 24.15 or 26 and newer';

const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
const isSupported =
  major >= 26 ||
  (major === 24 && minor >= 15) ||
  (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));
// The entries load this file first: others cannot even be linked on an older Node.
if (!isSupported) {
  throw new Error(`@regctl/cli needs Node.js ${REQUIRED_NODE}; this is ${process.versions.node}`);
}
