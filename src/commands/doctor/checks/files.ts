import { statSync } from 'node:fs';
import { sep } from 'node:path';
import { authFiles, type AuthFile } from '../../../config/containers/auth-files.ts';
import {
  dockerConfigPath,
  loadDockerConfig,
  type DockerConfig,
} from '../../../config/docker/config-json.ts';
import { warnIfReadableByOthers } from '../../../config/files/text.ts';
import { AppError } from '../../../errors/app-error.ts';
import { apiHost } from '../../../reference/docker-hub.ts';
import type { ConnectionReport } from '../../../http/probe/connection-report.ts';
import type { Probe } from '../../../http/probe/probe.ts';
import { type CheckResult, defineCheck, type DoctorContext } from '../check.ts';

/** The files that apply, what they contain, and whether other users can read them. */
export const filesCheck = defineCheck({
  name: 'files',
  needs: ['location', 'mirrors'],
  gives: ['probe'],
  async run({ location, mirrors }, context): Promise<CheckResult> {
    const read = await Promise.all(loginFiles(context).map((file) => readLogins(file, context)));
    const hosts = mirrors.map(({ registry }) => registry);
    const opened = await tryTask(() => context.probe('single', location.registry, hosts));
    const { value: probe } = opened;
    const seen =
      probe === undefined
        ? undefined
        : await tryTask(async () => connectionOf(probe, location.registry));
    const found = [
      ...read,
      ...context.registries().files.map((path): FileReport => ({ lines: [path] })),
      ...(seen?.value === undefined ? [] : trustFiles(seen.value, context)),
    ];
    const facts = probe === undefined ? {} : { probe };
    const lines = found.flatMap((one) => one.lines);
    const failure = read.find((one) => one.failure)?.failure ?? opened.failure ?? seen?.failure;
    if (failure !== undefined) {
      const detail = [...new Set([failure.message, ...failure.why, ...lines])];
      return { verdict: 'failed', detail, hint: failure.hint, facts };
    }
    return { verdict: 'ok', detail: lines.length === 0 ? 'none' : lines, facts };
  },
});

interface FileReport {
  readonly lines: readonly string[];
  readonly failure?: AppError;
}

/** Login files, and Docker's configuration, which also sets proxies and headers. */
function loginFiles({ env, flags, machine }: DoctorContext): readonly AuthFile[] {
  const place = { ...machine, env, configDir: flags.config, authfile: flags.authfile };
  const files = authFiles(place);
  const path = dockerConfigPath(place);
  if (path === undefined || files.some((file) => file.path === path)) return files;
  return [...files, { path, format: 'docker', named: false }];
}

async function readLogins(
  { path, format, named }: AuthFile,
  context: DoctorContext,
): Promise<FileReport> {
  const { value, failure } = await tryTask(() =>
    loadDockerConfig(path, {
      warn: (text) => context.warn(text),
      required: named,
      bareAuths: format === 'dockercfg',
    }),
  );
  if (value === undefined) return { lines: [], ...(failure === undefined ? {} : { failure }) };
  return value.missing ? { lines: [] } : { lines: [`${path}: ${summary(value)}`] };
}

function summary({ auths, credHelpers, credsStore }: DockerConfig): string {
  const helpers = [...new Set([...credHelpers.values()].filter((name) => name !== ''))];
  return [
    `${auths.size === 0 ? 'no' : auths.size} login${auths.size === 1 ? '' : 's'}`,
    ...(credsStore === undefined || credsStore === '' ? [] : [`store ${credsStore}`]),
    ...(helpers.length === 0 ? [] : [`helpers ${helpers.join(' ')}`]),
  ].join(', ');
}

function connectionOf(probe: Probe, registry: string): ConnectionReport {
  return probe.explain(new URL(`https://${apiHost(registry)}/`), registry);
}

function trustFiles(
  { certificateFiles, roots }: ConnectionReport,
  context: DoctorContext,
): readonly FileReport[] {
  const origins = [...new Set(roots.map(({ origin }) => origin))].filter(
    (one) => one !== 'the system',
  );
  const lines = origins.map((origin) => {
    const [first, ...more] = roots.filter((root) => root.origin === origin);
    return `${first?.path}${more.length === 0 ? '' : ` and ${more.length} more`}: authorities of ${origin}`;
  });
  if (certificateFiles === undefined) return [{ lines }];
  const { folder, ca, clientCertificates } = certificateFiles;
  const what = [
    ...(ca.length === 0 ? [] : [`${ca.length} CA`]),
    ...(clientCertificates.length === 0 ? [] : [`${clientCertificates.length} client`]),
  ].join(', ');
  for (const { key } of clientCertificates) {
    const mode = statSync(key, { throwIfNoEntry: false })?.mode;
    warnIfReadableByOthers(key, sep === '/' ? mode : undefined, (text) => context.warn(text));
  }
  return [{ lines }, { lines: [`${folder}: ${what || 'nothing'}`] }];
}

interface Attempted<T> {
  readonly value?: T;
  readonly failure?: AppError;
}

async function tryTask<T>(task: () => Promise<T>): Promise<Attempted<T>> {
  try {
    return { value: await task() };
  } catch (error) {
    if (error instanceof AppError) return { failure: error };
    throw error;
  }
}
