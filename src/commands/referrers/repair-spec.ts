import type { CommandSpec } from '../types.ts';

export const referrersRepairSpec: CommandSpec = {
  name: 'referrers repair',
  summary: 'Repair the fallback tags of referrers',
  description:
    'Looks at each fallback tag sha256-HEX of a repository. Without the referrers API, entries get the type and annotations that cosign leaves out. With it, each referrer is pushed again, unchanged, until the API lists it; --delete-tag then removes the tag. Exits with 1 if the API does not list all of them.',
  args: [{ name: 'repository', summary: 'repository to repair', required: true }],
  options: [
    {
      flags: '--delete-tag',
      summary: 'remove a tag when the API lists all that it lists',
      kind: 'flag',
    },
  ],
  alsoUses: ['parallel'],
  examples: [
    {
      command: 'regctl referrers repair registry.example.com/app',
      description: 'Complete the fallback tags, or move their entries to the referrers API',
    },
    {
      command: 'regctl referrers repair --delete-tag registry.example.com/app',
      description: 'Also remove the tags that the registry no longer needs',
    },
  ],
  load: () => import('./repair.ts'),
};
