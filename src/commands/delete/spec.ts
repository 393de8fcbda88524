import type { CommandSpec } from '../types.ts';

export const deleteSpec: CommandSpec = {
  name: 'delete',
  aliases: ['rm'],
  summary: 'Delete an image, and never another tag by accident',
  description:
    'Registries delete by digest, and every tag of that digest goes with it. So a tag is resolved first; when other tags share its digest, nothing is deleted and they are named.',
  args: [{ name: 'image', summary: 'image to delete, by tag or digest', required: true }],
  options: [
    {
      flags: '--untag',
      summary: 'remove the tag alone, where the registry can',
      kind: 'flag',
    },
    {
      flags: '-f, --force',
      summary: 'delete the digest with all the tags that share it',
      kind: 'flag',
    },
    { flags: '--dry-run', summary: 'say what would go, and delete nothing', kind: 'flag' },
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
