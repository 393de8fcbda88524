import type { CommandSpec, OptionSpec } from '../types.ts';

/** Each option of the configuration, and how it is removed. */
function pair(
  name: string,
  value: string,
  summary: string,
  kind: 'list' | 'string',
): readonly OptionSpec[] {
  const group = 'Configuration';
  const isList = kind === 'list';
  const key = value === 'key=value' ? 'key' : value;
  return [
    {
      flags: `--${name} <${value}>`,
      summary: `${summary}${isList ? ' (repeatable)' : ''}`,
      kind,
      group,
    },
    {
      flags: `--unset-${name}${isList ? ` <${key}>` : ''}`,
      summary: isList ? 'remove it (repeatable)' : 'remove it',
      kind: isList ? 'list' : 'flag',
      group,
      hidden: true,
    },
  ];
}

export const mutateSpec: CommandSpec = {
  name: 'mutate',
  summary: 'Change an image without building it again',
  description:
    'Changes the image, or all images of an index; layers that stay are not read. Without --tag and --in-place, the result is written by its digest. Options of the configuration have a form that removes: --unset-label KEY, --unset-user.',
  args: [{ name: 'image', summary: 'image or index to change', required: false }],
  options: [
    ...pair('label', 'key=value', 'set a label', 'list'),
    ...pair('env', 'key=value', 'set an environment variable', 'list'),
    ...pair(
      'entrypoint',
      'command',
      'set the entrypoint: JSON array, word or shell line',
      'string',
    ),
    ...pair('cmd', 'command', 'set the arguments in the same forms', 'string'),
    ...pair('user', 'user', 'set the user', 'string'),
    ...pair('workdir', 'path', 'set the working directory', 'string'),
    ...pair('volume', 'path', 'add a volume', 'list'),
    ...pair('expose', 'port', 'add a port, such as 8080 or 53/udp', 'list'),
    ...pair('stop-signal', 'signal', 'set the signal that stops the container', 'string'),
    ...pair('healthcheck', 'check', 'set the health check, as in a Dockerfile', 'string'),
    ...pair('author', 'author', 'set the author', 'string'),
    {
      flags: '--set-platform <os/arch>',
      summary: 'set the platform',
      kind: 'string',
      group: 'Configuration',
    },
    {
      flags: '--created <time>',
      summary: 'set the creation time (default: SOURCE_DATE_EPOCH)',
      kind: 'string',
      group: 'Configuration',
    },
    {
      flags: '--append <layer>',
      summary: 'add a layer: a tar, plain, gzip or zstd, or a directory (repeatable)',
      kind: 'list',
      group: 'Layers',
    },
    {
      flags: '--base <base>',
      summary: 'scratch: start from an image without layers',
      kind: 'string',
      group: 'Layers',
    },
    {
      flags: '--rebase',
      summary: 'move to the base that the annotations name',
      kind: 'flag',
      group: 'Layers',
    },
    {
      flags: '--old-base <image>',
      summary: 'base to replace, with --new-base',
      kind: 'string',
      group: 'Layers',
    },
    {
      flags: '--new-base <image>',
      summary: 'base to move to, with --old-base',
      kind: 'string',
      group: 'Layers',
    },
    { flags: '--squash', summary: 'join all layers into one', kind: 'flag', group: 'Layers' },
    {
      flags: '--layer-rm <n>',
      summary: 'remove layer N, from 0 (repeatable)',
      kind: 'list',
      group: 'Layers',
    },
    {
      flags: '--strip-file <path>',
      summary: 'remove a file or directory from all layers (repeatable)',
      kind: 'list',
      group: 'Layers',
    },
    { flags: '--strip-history', summary: 'remove the history', kind: 'flag', group: 'Layers' },
    {
      flags: '--annotation <annotation>',
      summary: 'set [LEVEL:]KEY=VALUE: index, manifest or manifest-descriptor (repeatable)',
      kind: 'list',
      group: 'Manifest',
    },
    {
      flags: '--unset-annotation <key>',
      summary: 'remove [LEVEL:]KEY (repeatable)',
      kind: 'list',
      group: 'Manifest',
    },
    {
      flags: '--to <format>',
      summary: 'convert manifests to oci or docker',
      kind: 'string',
      choices: ['oci', 'docker'],
      group: 'Manifest',
    },
    {
      flags: '--keep-attestations',
      summary: 'keep the provenance of changed images',
      kind: 'flag',
      group: 'Manifest',
    },
    {
      flags: '--tag <tag>',
      summary: 'write this tag, or name in another repository (repeatable)',
      kind: 'list',
      group: 'At the destination',
    },
    {
      flags: '--in-place',
      summary: 'move the tag of IMAGE',
      kind: 'flag',
      group: 'At the destination',
    },
    {
      flags: '--no-clobber',
      summary: 'fail if the tag has a different digest',
      kind: 'flag',
      group: 'At the destination',
    },
    {
      flags: '--digestfile <file>',
      summary: 'write the digest of the result to FILE',
      kind: 'string',
      group: 'Result',
    },
    {
      flags: '--dry-run',
      summary: 'show the configuration before and after; write nothing',
      kind: 'flag',
      group: 'Result',
    },
  ],
  otherNames: { '-l': '--label', '-e': '--env', '-t': '--tag', '-u': '--user', '-w': '--workdir' },
  alsoUses: ['parallel', 'platform', 'policy'],
  hasSourceAndDestination: true,
  examples: [
    {
      command: 'regctl mutate --label team=web --in-place r.example.com/app:1',
      description: 'Add a label, and move the tag',
    },
    {
      command: 'regctl mutate --cmd \'["serve"]\' --user 1000 --tag 1-hardened r.example.com/app:1',
      description: 'Write the changed image under another tag',
    },
    {
      command: 'regctl mutate --platform linux/arm64 --env GOGC=50 --tag 2 r.example.com/app:1',
      description: 'Change one platform of an index',
    },
  ],
  load: () => import('./run.ts'),
};
