import type { CommandSpec } from '../types.ts';
import { SHELLS } from './shells.ts';

export const completionSpec: CommandSpec = {
  name: 'completion',
  summary: 'Print a completion script for a shell',
  description:
    'The script completes commands, options, values, repositories and tags. Names of a registry are kept for five minutes and are never run by the shell. Add to ~/.bashrc: source <(regctl completion bash)',
  args: [{ name: 'shell', summary: SHELLS.join(', '), required: true, choices: SHELLS }],
  options: [],
  uses: [],
  printsResult: true,
  examples: [
    { command: 'regctl completion bash', description: 'For bash 3.2 and later' },
    {
      command: 'regctl completion fish',
      description: 'Write it to ~/.config/fish/completions/regctl.fish',
    },
  ],
  load: () => import('./run.ts'),
};
