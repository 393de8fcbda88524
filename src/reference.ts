/** Image names: parsing and formatting with Docker's defaults. Loads nothing of the network. */
export { REQUIRED_NODE } from './node-version.ts';
export { formatReference } from './reference/format.ts';
export { parseReference } from './reference/parse.ts';
export type { Reference } from './reference/types.ts';
