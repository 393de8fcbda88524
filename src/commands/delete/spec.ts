import type { CommandSpec } from '../types.ts';

export const deleteSpec: CommandSpec = {
  name: 'delete',
  aliases: ['rm'],
  summary: 'Delete an image, and never another one by accident',
  description:
    'Registries delete by digest, and every tag of that digest goes with it. So all tags are looked at first (one request each, and one for each index): when other tags share the digest, or a tagged index lists it, nothing is deleted and they are named. --dry-run shows what would go, and what that cost.',
  args: [{ name: 'image', summary: 'image to delete, by tag or digest', required: true }],
  options: [
    {
      flags: '--untag',
      summary: 'remove the tag alone, where the registry can',
      kind: 'flag',
    },
    {
      flags: '-f, --force',
      summary: 'delete the digest with all its tags, even when an index lists it',
      kind: 'flag',
    },
    {
      flags: '--referrers',
      summary: 'delete its signatures, SBOMs and attestations as well, with their tags',
      kind: 'flag',
    },
    { flags: '--dry-run', summary: 'show what would go, and delete nothing', kind: 'flag' },
    { flags: '-y, --yes', summary: 'do not ask', kind: 'flag' },
  ],
  longRunning: true,
  examples: [
    {
      command: 'regctl delete registry.example.com/app:old',
      description: 'if no other tag shares its digest',
    },
    { command: 'regctl delete --untag registry.example.com/app:old', description: 'the tag alone' },
    {
      command: 'regctl delete --dry-run registry.example.com/app:old',
      description: 'what would go',
    },
  ],
  load: () => import('./run.ts'),
};
