import type { CommandSpec } from './types.ts';
import { blobSpec } from './specs/blob.ts';
import { catalogSpec } from './specs/catalog.ts';
import { configSpec } from './specs/config.ts';
import { copySpec } from './specs/copy.ts';
import { deleteSpec } from './specs/delete.ts';
import { digestSpec } from './specs/digest.ts';
import { doctorSpec } from './specs/doctor.ts';
import { inspectSpec } from './specs/inspect.ts';
import { listTagsSpec } from './specs/list-tags.ts';
import { loginSpec } from './specs/login.ts';
import { logoutSpec } from './specs/logout.ts';
import { manifestDigestSpec } from './specs/manifest-digest.ts';
import { manifestSpec } from './specs/manifest.ts';
import { rateLimitSpec } from './specs/rate-limit.ts';
import { searchSpec } from './specs/search.ts';
import { serveSpec } from './specs/serve.ts';
import { tagsSpec } from './specs/tags.ts';

/** A heading of the help page and the commands below it. */
export interface CommandGroup {
  readonly heading: string;
  readonly commands: readonly CommandSpec[];
}

/** The one table of commands, in the order of the help page; data only, so that it loads fast. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [
  { heading: 'Look', commands: [tagsSpec, listTagsSpec, inspectSpec, catalogSpec, searchSpec] },
  { heading: 'Move and remove', commands: [copySpec, deleteSpec] },
  {
    heading: 'Accounts and allowances',
    commands: [loginSpec, logoutSpec, rateLimitSpec, doctorSpec],
  },
  {
    heading: 'Raw parts',
    commands: [digestSpec, manifestSpec, configSpec, blobSpec, manifestDigestSpec],
  },
  { heading: 'A registry of your own', commands: [serveSpec] },
];

export const COMMANDS: readonly CommandSpec[] = COMMAND_GROUPS.flatMap((group) => group.commands);
