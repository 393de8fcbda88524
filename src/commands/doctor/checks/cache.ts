import { cacheFolder, isCacheEnabled } from '../../../config/files/user-folders.ts';
import { checkPrivateFolder } from '../../../config/files/ownership.ts';
import { withoutExpired } from '../../../http/auth/disk/format.ts';
import { readCache } from '../../../http/auth/disk/read.ts';
import { type CheckResult, defineCheck } from '../check.ts';

/** Tokens and challenges of the registry that earlier runs cached. */
export const cacheCheck = defineCheck({
  name: 'cache',
  needs: ['location'],
  gives: [],
  async run({ location }, context): Promise<CheckResult> {
    const { env, machine } = context;
    if (!isCacheEnabled(env)) return { verdict: 'skipped', detail: 'switched off by REGCTL_CACHE' };
    const folder = cacheFolder(env, machine.home);
    if (folder === undefined) return { verdict: 'skipped', detail: 'there is no home directory' };
    const safety = checkPrivateFolder(folder, machine.uid);
    if (safety.kind === 'unsafe') {
      return {
        verdict: 'warning',
        detail: `not used: ${folder} ${safety.problem}`,
        hint: `Make the directory private: chmod 700 ${folder}, or remove it.`,
      };
    }
    const [document] = readCache({ folder, uid: machine.uid });
    const { tokens, challenges } = withoutExpired(document, context.now().getTime());
    const own = (list: readonly { readonly registry: string }[]): number =>
      list.filter(({ registry }) => registry === location.registry).length;
    return {
      verdict: 'ok',
      detail: `${count(own(tokens), 'token')} and ${count(own(challenges), 'challenge')} of it in ${folder}`,
    };
  },
});

function count(number: number, what: string): string {
  return `${number === 0 ? 'no' : number} ${what}${number === 1 ? '' : 's'}`;
}
