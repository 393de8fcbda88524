import { describe, expect, it } from 'vitest';
import { COMMAND_GROUPS } from '../../../src/commands/index.ts';
import { parseArguments } from '../../../src/cli/args/parse.ts';
import { inManner, mannerOf } from '../../../src/cli/personas/manner.ts';
import { withSkopeoOptions } from '../../../src/cli/personas/own.ts';
import { rewrite } from '../../../src/cli/personas/rewrite.ts';
import { skopeo } from '../../../src/cli/personas/tools/skopeo/persona.ts';
import type { Line } from '../../../src/cli/personas/types.ts';
import { thrown } from '../../helpers/thrown.ts';

const HOST = { platform: 'linux', arch: 'x64' };
const machine = (env: Line['machine']['env'] = {}): Line['machine'] => ({
  env,
  home: '/home/me',
  os: 'linux',
  uid: 1000,
  platform: { os: 'linux', architecture: 'amd64' },
});

/** Our words for a line of skopeo; they must be ones that our own parser takes. */
function ours(line: string, env?: Line['machine']['env']): string {
  const rewritten = rewrite(skopeo, line.split(' '), machine(env));
  if (rewritten.kind === 'print') return rewritten.text;
  parseArguments(rewritten.argv, COMMAND_GROUPS, { host: HOST, columns: 80 });
  return rewritten.argv.join(' ');
}

const REMOVED = '{{range .Removed}}Removed login credentials for {{.}}{{end}}';
const COPY = 'copy --retry-times=0 --multi-arch=system --host-policy --policy-each-image';
const FROM_TO = 'docker://r/a:1 oci:d:1';

describe('every option of skopeo 1.22, in our words', () => {
  it.each([
    ['--all', 'copy --retry-times=0 --host-policy --policy-each-image --all'],
    ['-a=false', COPY],
    [
      '--multi-arch=index-only',
      'copy --retry-times=0 --host-policy --policy-each-image --multi-arch=index-only',
    ],
    [
      '--multi-arch linux/amd64,linux/arm64',
      'copy --retry-times=0 --host-policy --policy-each-image --platform=linux/amd64,linux/arm64',
    ],
    ['--insecure-policy', 'copy --retry-times=0 --multi-arch=system --insecure-policy'],
    [
      '--policy p.json',
      'copy --retry-times=0 --multi-arch=system --policy-each-image --policy=p.json',
    ],
    [
      '--retry-times 3',
      'copy --multi-arch=system --host-policy --policy-each-image --retry-times=3',
    ],
    ['--retry-delay 2s', `${COPY} --retry-delay=2s`],
    ['--screds a:b', `${COPY} --src-creds=a:b`],
    ['--dcreds a:b', `${COPY} --dest-creds=a:b`],
    ['--src-creds a:b --dest-no-creds', `${COPY} --src-creds=a:b --dest-no-creds`],
    ['--src-tls-verify=false', `${COPY} --src-tls-verify=false`],
    ['--dest-tls-verify', `${COPY} --dest-tls-verify`],
    ['--src-authfile f --authfile g', `${COPY} --src-authfile=f --authfile=g`],
    ['--src-cert-dir d --dest-cert-dir e', `${COPY} --src-cert-dir=d --dest-cert-dir=e`],
    ['--src-username u --src-password p', `${COPY} --src-username=u --src-password=p`],
    ['--dest-registry-token t', `${COPY} --dest-registry-token=t`],
    ['--src-shared-blob-dir s', `${COPY} --src-shared-blob-dir=s`],
    ['--dest-shared-blob-dir s', `${COPY} --dest-shared-blob-dir=s`],
    ['--dest-daemon-host unix:///d', `${COPY} --dest-daemon-host=unix:///d`],
    ['--additional-tag a:1,b:2', `${COPY} --additional-tag=a:1 --additional-tag=b:2`],
    ['--digestfile f -q', `${COPY} --digestfile=f --quiet`],
    ['-f oci', `${COPY} --format=oci`],
    ['-fv2s2', `${COPY} --format=v2s2`],
    ['--dest-compress', COPY],
    ['--dest-compress-format ZSTD', `${COPY} --dest-compress-format=zstd`],
    ['--dest-compress-level 5', COPY],
    [
      '--dest-compress-format zstd --dest-compress-level 5',
      `${COPY} --dest-compress-format=zstd --dest-compress-level=5`,
    ],
    ['--preserve-digests -f v2s2', `${COPY} --preserve-digests`],
    ['--dest-force-compress-format', `${COPY} --dest-force-compress-format`],
    ['--dest-decompress', COPY],
    ['--dest-oci-accept-uncompressed-layers', COPY],
    ['--dest-precompute-digests', COPY],
    ['--remove-signatures', COPY],
    ['--preserve-digests --dest-compress-format zstd', `${COPY} --preserve-digests`],
    [
      '--preserve-digests --dest-compress-format zstd --dest-force-compress-format',
      `${COPY} --preserve-digests`,
    ],
    ['--image-parallel-copies 2', `${COPY} --concurrency=2`],
    ['--tmpdir t', `${COPY} --tmpdir=t`],
    ['--registries.d d', COPY],
    [
      '--override-arch arm64 --override-os linux',
      `${COPY} --override-arch=arm64 --override-os=linux`,
    ],
    ['--override-variant v7', `${COPY} --override-variant=v7`],
    ['--command-timeout 5s --debug', `${COPY} --command-timeout=5s --debug`],
  ])('copy %s', (options, expected) => {
    expect(ours(`copy ${options} ${FROM_TO}`)).toBe(`${expected} ${FROM_TO}`);
  });

  it.each([
    ['--dest-compress', '--dest-compress-format=gzip'],
    ['--dest-decompress', '--dest-decompress'],
  ])('%s counts for dir: only', (option, expected) => {
    expect(ours(`copy ${option} docker://r/a:1 dir:d`)).toBe(
      `${COPY} ${expected} docker://r/a:1 dir:d`,
    );
  });

  it.each([
    '--sign-by f',
    '--sign-by-sigstore f',
    '--sign-by-sigstore-private-key f',
    '--sign-by-sq-fingerprint f',
    '--sign-identity n',
    '--sign-passphrase-file f',
    '--encryption-key k',
    '--encrypt-layer 0',
    '--decryption-key k',
    '--require-signed',
    '--format v2s1',
    '--dest-compress-format zstd:chunked',
  ])('refuses what would promise something that is not done: %s', (options) => {
    const error = thrown(() => ours(`copy ${options} ${FROM_TO}`));
    expect(error.code).toBe('USAGE');
    expect(error.hint).toBeTruthy();
  });

  it.each([
    [
      'inspect docker://r/a:1',
      'inspect --retry-times=0 --override-os=linux --no-referrers docker://r/a:1',
    ],
    [
      'inspect -n -f {{.Name}} oci:d',
      'inspect --retry-times=0 --override-os=linux --no-tags --format={{.Name}} oci:d',
    ],
    ['inspect --raw docker://r/a', 'inspect --retry-times=0 --raw docker://r/a'],
    [
      '--override-arch arm64 inspect --raw docker://r/a',
      'inspect --retry-times=0 --raw docker://r/a',
    ],
    [
      'inspect --raw --config oci:d',
      'inspect --retry-times=0 --override-os=linux --raw --config oci:d',
    ],
    [
      'inspect --shared-blob-dir s oci:d',
      'inspect --retry-times=0 --override-os=linux --no-tags --shared-blob-dir=s oci:d',
    ],
    ['list-tags --creds=a:b docker://r/a', 'list-tags --retry-times=0 --creds=a:b docker://r/a'],
    [
      'delete --no-creds docker://r/a:1',
      'delete --retry-times=0 --yes --quiet --no-creds docker://r/a:1',
    ],
    ['manifest-digest m.json', 'manifest-digest m.json'],
    [
      'delete --insecure-policy docker://r/a:1',
      'delete --retry-times=0 --yes --quiet docker://r/a:1',
    ],
    ['--policy p inspect --raw oci:d', 'inspect --retry-times=0 --raw oci:d'],
    ['logout --tls-verify=false r', `logout --must-exist --format=${REMOVED} r`],
    ['login --get-login r', 'login --get-login r'],
    [
      'login -v -u a -p b r',
      'login --authfile=/run/containers/1000/auth.json --username=a --password=b r',
    ],
    ['login --compat-auth-file f r', 'login --authfile=f r'],
  ])('%s', (line, expected) => {
    expect(ours(line)).toBe(expected);
  });

  it('a login goes to the file at run time, unless the environment names another', () => {
    const runtime = { XDG_RUNTIME_DIR: '/run/user/1000' };
    expect(ours('login r', runtime)).toBe('login --authfile=/run/user/1000/containers/auth.json r');
    expect(ours('login r', { ...runtime, DOCKER_CONFIG: '/d' })).toBe('login r');
    expect(ours('login r', { ...runtime, REGISTRY_AUTH_FILE: '/f' })).toBe('login r');
  });

  it('sync prints what it copies, and asks the policy of the machine', () => {
    const line = 'sync --src yaml --dest dir --scoped -a sync.yml out';
    expect(ours(line)).toMatch(
      /^--format=.* sync --retry-times=0 --state=none --host-policy --policy-each-image --src=yaml --dest=dir --scoped --all sync\.yml out$/su,
    );
    expect(thrown(() => ours('sync --dest dir a b')).message).toContain('needs --src');
  });

  it('wants a transport in every name', () => {
    for (const name of ['busybox', 'r.example/a:1', 'localhost:5000/a', 'docker:27']) {
      expect(thrown(() => ours(`inspect ${name}`)).message).toContain('transport:reference');
    }
  });

  it('says what it has no verb for, and what to use', () => {
    expect(thrown(() => ours('standalone-sign a b')).hint).toContain('regctl sign');
    expect(thrown(() => ours('frobnicate')).message).toBe(
      'unknown command "frobnicate" for "skopeo"',
    );
    expect(thrown(() => ours('copy --nope a b')).message).toBe('unknown option "--nope" of skopeo');
    expect(thrown(() => ours('copy --src-creds')).message).toContain('needs a value');
    expect(thrown(() => ours(`copy --all=maybe ${FROM_TO}`)).message).toContain('true or false');
  });

  it('words errors as its scripts look for them', () => {
    const said = (code: string, details?: Record<string, unknown>): string | undefined =>
      inManner({ code, reason: 'HTTP 401', exit: 9, details }, mannerOf(skopeo)).reason;
    expect(said('UNAUTHORIZED')).toBe('unauthorized: authentication required: HTTP 401');
    const reason = said('PLATFORM_UNKNOWN', { platform: 'linux/arm/v7' });
    expect(reason).toContain('architecture arm, variant v7, OS linux');
    expect(reason).toContain('architecture \\"arm\\", variant \\"v7\\"');
    expect(said('TIMEOUT')).toBe('HTTP 401');
  });

  it('prints its version and help', () => {
    expect(ours('--version')).toMatch(/^skopeo version 1\.22\.0 \(regctl /u);
    expect(ours('--help')).toContain('list-tags');
    expect(ours('copy --help')).toContain('--dest-compress-format <algorithm>');
    expect(ours('help inspect')).toContain('Usage: skopeo inspect');
  });
});

describe('under the name regctl', () => {
  const own = (line: string): string | undefined =>
    withSkopeoOptions(line.split(' '), COMMAND_GROUPS, machine())?.join(' ');

  it.each([
    ['--insecure-policy copy --screds a:b x y', 'copy --insecure-policy --src-creds=a:b x y'],
    ['copy --remove-signatures -o json x y', 'copy --output=json x y'],
    ['inspect -f {{.Name}} x', 'inspect --format={{.Name}} x'],
    ['cp --image-parallel-copies 2 x y', 'copy --concurrency=2 x y'],
  ])("takes skopeo's options: %s", (line, expected) => {
    expect(own(line)).toBe(expected);
  });

  it('knows no others', () => {
    expect(own('copy --nope x y')).toBeUndefined();
    expect(own('catalog --screds a:b r')).toBeUndefined();
    expect(thrown(() => own('copy --sign-by f x y')).message).toContain('--sign-by');
  });
});
