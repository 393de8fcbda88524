import type { CommandSpec } from '../types.ts';

export const deleteSpec: CommandSpec = {
  name: 'delete',
  aliases: ['rm'],
  summary: 'Delete an image, unless other tags share it',
  description:
    'Deletes the digest, and with it every tag that points to it. Looks up all tags first and deletes nothing if another tag has the digest or a tagged index lists it. With --force, a digest is deleted without a look at the tags.',
  args: [{ name: 'image', summary: 'image to delete, by tag or digest', required: true }],
  options: [
    {
      flags: '--untag',
      summary: 'remove only the tag, if the registry supports it',
      kind: 'flag',
    },
    {
      flags: '-f, --force',
      summary: 'delete the digest with all its tags, even if listed',
      kind: 'flag',
    },
    {
      flags: '--referrers',
      summary: 'also delete signatures, SBOMs and attestations',
      kind: 'flag',
    },
    { flags: '--dry-run', summary: 'show what would be deleted; delete nothing', kind: 'flag' },
    { flags: '--ignore-missing', summary: 'succeed if it does not exist', kind: 'flag' },
    { flags: '-y, --yes', summary: 'skip the question', kind: 'flag' },
  ],
  alsoUses: ['parallel'],
  examples: [
    {
      command: 'regctl delete registry.example.com/app:old',
      description: 'Delete an image if no other tag shares it',
    },
    {
      command: 'regctl delete --untag registry.example.com/app:old',
      description: 'Remove only the tag',
    },
    {
      command: 'regctl delete --dry-run registry.example.com/app:old',
      description: 'Show what would be deleted',
    },
  ],
  load: () => import('./run.ts'),
};
