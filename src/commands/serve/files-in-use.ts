import type { VerifyPassword } from '../../server/access/basic-auth.ts';
import type { AccessRules } from '../../server/access/rules.ts';
import { createBcryptThreads } from '../../server/bcrypt.ts';
import { createHtpasswdVerifier } from '../../server/htpasswd.ts';
import type { ServerCertificate } from '../../server/server.ts';
import type { Context } from '../context.ts';
import type { Input } from '../types.ts';
import { causeText, readFiles, stampOfFiles, type ServeFiles } from './files.ts';
import type { ListenAddress } from '../input/listen.ts';
import { repeat } from './repeat.ts';

/** How often the files are looked at: a Kubernetes secret is replaced as a whole. */
const LOOK_MS = 1000;

/** Users, rules and certificate, as they were last read. */
export interface FilesInUse {
  readonly tls: ServerCertificate | undefined;
  /** `undefined` without --htpasswd. */
  readonly verify: VerifyPassword | undefined;
  readonly rules: () => AccessRules | undefined;
  /** Reads the files again when they change and at SIGHUP, until it is disposed. */
  watch(useCertificate: (certificate: ServerCertificate) => void): AsyncDisposable;
}

type FilesContext = Pick<Context, 'cwd' | 'note' | 'warn' | 'onSignal'>;

/** @throws AppError as `readFiles` */
export async function openFiles(
  context: FilesContext,
  input: Input,
  address: ListenAddress,
): Promise<FilesInUse> {
  let stamp = await stampOfFiles(context, input);
  let files = await readFiles(context, input);
  warnOfAccess(context, address, files);
  const compare = createBcryptThreads();
  let verify = files.users && createHtpasswdVerifier(files.users, { compare });
  const isWatched = stamp !== '';
  return {
    tls: files.tls,
    verify: verify && ((...given) => verify?.(...given) ?? false),
    rules: () => files.rules,
    watch(useCertificate) {
      const reread = async (): Promise<void> => {
        stamp = await stampOfFiles(context, input);
        try {
          const next = await readFiles(context, input);
          if (next.tls !== undefined) useCertificate(next.tls);
          files = next;
          if (next.users !== undefined) verify = createHtpasswdVerifier(next.users, { compare });
          warnOfAccess(context, address, next);
          context.note('the files of users, rules and certificates were read again');
        } catch (error) {
          context.warn(`${causeText(error)}; what was read before stays in use`);
        }
      };
      const looks = repeat(
        async () => {
          if ((await stampOfFiles(context, input)) !== stamp) await reread();
        },
        isWatched ? LOOK_MS : undefined,
      );
      const rereads = repeat(reread, undefined);
      const forget = isWatched ? context.onSignal('SIGHUP', () => rereads.run()) : undefined;
      return {
        async [Symbol.asyncDispose]() {
          forget?.();
          await looks[Symbol.asyncDispose]();
          await rereads[Symbol.asyncDispose]();
        },
      };
    },
  };
}

function warnOfAccess(
  context: Pick<Context, 'warn'>,
  { host, isLocal }: ListenAddress,
  { tls, users, rules }: ServeFiles,
): void {
  if (users === undefined) {
    if (isLocal || rules !== undefined) return;
    context.warn(
      `everyone who reaches ${host} may use this registry: --htpasswd FILE asks for users`,
    );
    return;
  }
  if (users.size === 0) context.warn('no login can succeed: the file of --htpasswd has no users');
  if (tls === undefined && !isLocal) {
    context.warn(
      'passwords cross the network as plain text: --tls-cert FILE and --tls-key FILE serve HTTPS',
    );
  }
}
