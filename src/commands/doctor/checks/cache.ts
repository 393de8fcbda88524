import { cacheFolder, cacheWanted, judgeFolder } from '../../../config/files/user-folders.ts';
import { live } from '../../../http/auth/disk/format.ts';
import { readAll } from '../../../http/auth/disk/read.ts';
import { check, type Outcome } from '../check.ts';

/** What earlier runs left of the registry: tokens and challenges. */
export const cacheCheck = check({
  name: 'cache',
  needs: ['place'],
  gives: [],
  async run({ place }, context): Promise<Outcome> {
    const { env, machine } = context;
    if (!cacheWanted(env)) return { verdict: 'skipped', detail: 'switched off by REGCTL_CACHE' };
    const folder = cacheFolder(env, machine.home);
    if (folder === undefined) return { verdict: 'skipped', detail: 'there is no home folder' };
    const state = judgeFolder(folder, machine.uid);
    if (state.kind === 'unsafe') {
      return {
        verdict: 'warning',
        detail: `not used: ${folder} ${state.problem}`,
        hint: `Tokens are kept in a folder that is yours alone: chmod 700 ${folder}, or remove it.`,
      };
    }
    const [document] = readAll({ folder, uid: machine.uid });
    const { tokens, challenges } = live(document, context.now().getTime());
    const own = (list: readonly { readonly registry: string }[]): number =>
      list.filter(({ registry }) => registry === place.registry).length;
    return {
      verdict: 'ok',
      detail: `${count(own(tokens), 'token')} and ${count(own(challenges), 'challenge')} of it in ${folder}`,
    };
  },
});

function count(number: number, what: string): string {
  return `${number === 0 ? 'no' : number} ${what}${number === 1 ? '' : 's'}`;
}
