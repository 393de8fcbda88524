import { knownRegistry } from '../../../config/registries/lookup.ts';
import type { Mirror, MirrorUse } from '../../../config/containers/types.ts';
import { apiHost } from '../../../reference/docker-hub.ts';
import { defineCheck, labelOf } from '../check.ts';

const USES: Readonly<Record<MirrorUse, string>> = {
  all: '',
  'digest-only': ' (by digest only)',
  'tag-only': ' (by tag only)',
};

/** Resolves the name to its host, mirrors and rewrites by this machine's files. */
export const nameCheck = defineCheck({
  name: 'name',
  needs: [],
  gives: ['location', 'mirrors'],
  async run({ target }, context) {
    const { registry, repository = '' } = target;
    const { primary, mirrors } = context.registries().route({ registry, repository });
    const moved = primary.registry !== registry || primary.repository !== repository;
    const known = knownRegistry(primary.registry)?.name;
    const host = apiHost(primary.registry);
    const served = host === primary.registry ? host : `${primary.registry}, served by ${host}`;
    return {
      verdict: 'ok',
      detail: [
        `${served}${known === undefined || known === served ? '' : ` (${known})`}`,
        ...(moved ? [`a rewrite leads from ${labelOf(target)} to ${labelOf(primary)}`] : []),
        ...mirrors.map(mirrorLine),
      ],
      facts: { location: primary, mirrors },
    };
  },
});

function mirrorLine(mirror: Mirror, index: number): string {
  const order = index === 0 ? 'asked first' : 'asked next';
  return `${order}: ${labelOf(mirror)}${USES[mirror.use]}`;
}
