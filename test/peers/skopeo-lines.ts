const SRC = '--src-tls-verify=false docker://{reg}/lib';
const REGS = '--src-tls-verify=false --dest-tls-verify=false';
const ONE = `copy ${REGS} docker://{reg}/lib/hello:1 docker://{reg}/new/a:1`;
const INSPECT = 'inspect --tls-verify=false';

/**
 * Lines of skopeo 1.22 with each option that changes what is done, and what is compared after each:
 * files, names in the registry, the media types of either, or lines of a file in any order.
 */
export const LINES: readonly (readonly [string, ...string[]])[] = [
  [`copy ${SRC}/hello:1 dir:out`, 'out'],
  [`copy ${SRC}/multi:1 dir:out`, 'out'],
  [`copy --all ${SRC}/multi:1 oci:out:1`, 'out'],
  [`copy --multi-arch=system ${SRC}/multi:1 oci:out:1`, 'out'],
  [`copy --multi-arch all ${SRC}/multi:1 oci:out:1`, 'out'],
  [`copy --multi-arch=index-only ${SRC}/multi:1 oci:out:1`, 'out'],
  [`--override-arch arm64 copy ${SRC}/multi:1 oci:out:1`, 'out'],
  [`--override-arch arm --override-variant v7 copy ${SRC}/multi:1 oci:out:1`, 'out'],
  [
    `--override-os amigaos --override-arch mc68000 --override-variant 1000 copy ${SRC}/notmyarch:1 oci:out:1`,
    'out',
  ],
  // skopeo writes the configuration anew, so that only the types can be the same.
  [`copy --format oci ${SRC}/dock:1 dir:out`, 'types:out/manifest.json'],
  [`copy -f v2s2 ${SRC}/hello:1 dir:out`, 'types:out/manifest.json'],
  [`copy --dest-decompress ${SRC}/hello:1 dir:out`, 'out'],
  [`copy --dest-decompress ${SRC}/dock:1 dir:out`, 'out'],
  [`copy --dest-decompress ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --dest-compress ${SRC}/hello:1 dir:out`, 'out'],
  [`copy --dest-compress oci:layout:hello docker-archive:out.tar:r.example/a:1`],
  [`copy --dest-compress-format gzip ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --dest-compress-format zstd ${SRC}/hello:1 dir:out`, 'out'],
  [`copy --dest-compress-level 5 ${SRC}/hello:1 oci:out:1`, 'out'],
  [
    `copy --dest-compress --dest-compress-format zstd --dest-compress-level 12 ${SRC}/hello:1 dir:out`,
    'types:out/manifest.json',
  ],
  [ONE.replace('copy', 'copy --dest-compress-format gzip'), '{reg}/new/a:1'],
  [
    ONE.replace('copy', 'copy --dest-compress-format zstd --dest-force-compress-format'),
    'types:{reg}/new/a:1',
  ],
  [`copy --dest-compress-format zstd --dest-force-compress-format ${SRC}/hello:1 dir:out`, 'out'],
  [`copy --dest-compress-format gzip --dest-force-compress-format ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --dest-force-compress-format ${SRC}/hello:1 oci:out:1`],
  [
    `copy --preserve-digests --dest-compress-format zstd --dest-force-compress-format ${SRC}/hello:1 oci:out:1`,
    'out',
  ],
  [`copy -f v2s2 --dest-compress-format zstd ${SRC}/hello:1 oci:out:1`],
  [`copy --dest-shared-blob-dir blobs ${SRC}/hello:1 oci:out:1`, 'out', 'blobs'],
  ['copy --src-shared-blob-dir layout/blobs oci:bare:hello oci:out:1', 'out'],
  [`copy --dest-oci-accept-uncompressed-layers ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --remove-signatures --preserve-digests ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --preserve-digests --dest-compress-format zstd ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --preserve-digests -f v2s2 ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --digestfile out ${SRC}/hello:1 oci:layout2:1`, 'out', 'layout2'],
  [`copy --image-parallel-copies 1 ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --quiet ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --retry-times 2 --retry-delay 1s --tmpdir {w} ${SRC}/hello:1 oci:out:1`, 'out'],
  [`--insecure-policy --command-timeout 1m copy ${SRC}/hello:1 oci:out:1`, 'out'],
  [`--policy reject.json copy ${SRC}/hello:1 oci:out:1`],
  [`--policy reject.json --insecure-policy copy ${SRC}/hello:1 oci:out:1`, 'out'],
  ['copy oci:layout:hello oci:out:1', 'out'],
  ['copy --additional-tag r.example/b:2 docker-archive:hello.tar docker-archive:out.tar'],
  [ONE, '{reg}/new/a:1'],
  [`copy --all ${REGS} docker://{reg}/lib/multi:1 docker://{reg}/new/a:1`, '{reg}/new/a:1'],
  [ONE.replace('copy', 'copy --dest-precompute-digests'), '{reg}/new/a:1'],
  ['copy --dest-tls-verify=false oci:layout:hello docker://{reg}/new/a:1', '{reg}/new/a:1'],

  // Logins: the registry of a line with a password asks for it.
  [ONE.replace('copy', 'copy --src-creds ann:pw --dest-creds ann:pw'), '{reg}/new/a:1'],
  [
    ONE.replace('copy', 'copy --src-username ann --src-password pw --dest-creds ann:pw'),
    '{reg}/new/a:1',
  ],
  [
    ONE.replace('copy', 'copy --src-creds ann:pw --dest-username ann --dest-password pw'),
    '{reg}/new/a:1',
  ],
  [ONE.replace('copy', 'copy --src-creds ann:pw --dest-creds ann:no')],
  [ONE.replace('copy', 'copy --authfile ann:pw.json'), '{reg}/new/a:1'],
  [
    ONE.replace('copy', 'copy --src-authfile ann:pw.json --dest-authfile ann:pw.json'),
    '{reg}/new/a:1',
  ],
  [ONE.replace('copy', 'copy --authfile ann:pw.json --src-no-creds')],
  [ONE.replace('copy', 'copy --authfile ann:pw.json --dest-no-creds')],
  [
    `copy --src-registry-token t0 --dest-registry-token t0 ${REGS} docker://{token}/lib/hello:1 docker://{token}/new/a:1`,
    '{reg}/new/a:1',
  ],
  [`copy --src-registry-token t1 ${REGS} docker://{token}/lib/hello:1 dir:out`],
  [
    'copy --src-cert-dir certs --dest-cert-dir certs docker://{tls}/lib/hello:1 docker://{tls}/new/a:1',
    '{reg}/new/a:1',
  ],
  ['copy docker://{tls}/lib/hello:1 dir:out'],

  [`${INSPECT} docker://{reg}/lib/hello:1`],
  [`${INSPECT} docker://{reg}/lib/multi:1`],
  [`--override-arch arm64 ${INSPECT} docker://{reg}/lib/multi:1`],
  [`${INSPECT} --no-tags docker://{reg}/lib/dock:1`],
  [`${INSPECT} -n -f {{.Name}}:{{.Architecture}} docker://{reg}/lib/hello:1`],
  [`${INSPECT} --raw docker://{reg}/lib/multi:1`],
  [`--override-arch arm64 ${INSPECT} --raw docker://{reg}/lib/multi:1`],
  [`${INSPECT} --config docker://{reg}/lib/hello:1`],
  [`${INSPECT} --raw --config docker://{reg}/lib/hello:1`],
  [`${INSPECT} --retry-times 1 --retry-delay 1s docker://{reg}/lib/hello:1`],
  ['inspect oci:layout:hello'],
  ['inspect --shared-blob-dir layout/blobs oci:bare:hello'],
  [`${INSPECT} --creds ann:pw docker://{reg}/lib/hello:1`],
  [`${INSPECT} --username ann --password pw docker://{reg}/lib/hello:1`],
  [`${INSPECT} --authfile ann:pw.json docker://{reg}/lib/hello:1`],
  [`${INSPECT} --authfile ann:pw.json --no-creds docker://{reg}/lib/hello:1`],
  [`${INSPECT} --registry-token t0 docker://{token}/lib/hello:1`],
  ['inspect --cert-dir certs docker://{tls}/lib/hello:1'],

  ['list-tags --tls-verify=false docker://{reg}/lib/base'],
  ['list-tags --tls-verify=false --creds ann:pw docker://{reg}/lib/base'],
  ['list-tags --tls-verify=false --username ann --password pw docker://{reg}/lib/base'],
  ['list-tags --tls-verify=false --authfile ann:pw.json docker://{reg}/lib/base'],
  ['list-tags --tls-verify=false --authfile ann:pw.json --no-creds docker://{reg}/lib/base'],
  ['list-tags --tls-verify=false --registry-token t0 docker://{token}/lib/base'],
  ['list-tags --cert-dir certs docker://{tls}/lib/base'],
  ['list-tags docker-archive:two.tar'],

  ['delete --tls-verify=false docker://{reg}/lib/wh:1', '{reg}/lib/wh:1'],
  ['delete --tls-verify=false --creds ann:pw docker://{reg}/lib/wh:1', '{reg}/lib/wh:1'],
  [
    'delete --tls-verify=false --username ann --password pw docker://{reg}/lib/wh:1',
    '{reg}/lib/wh:1',
  ],
  ['delete --tls-verify=false --authfile ann:pw.json docker://{reg}/lib/wh:1', '{reg}/lib/wh:1'],
  ['delete --tls-verify=false --authfile ann:pw.json --no-creds docker://{reg}/lib/wh:1'],
  ['delete --tls-verify=false --registry-token t0 docker://{token}/lib/wh:1', '{reg}/lib/wh:1'],
  ['delete --cert-dir certs docker://{tls}/lib/wh:1', '{reg}/lib/wh:1'],
  ['delete oci:solo:1', 'solo/index.json'],

  ['manifest-digest manifest.json'],

  ['sync --src-tls-verify=false --src docker --dest dir --scoped {reg}/lib/hello:1 out', 'out'],
  ['sync --src-tls-verify=false -s docker -d dir --all {reg}/lib/multi:1 out', 'out'],
  ['sync --src-tls-verify=false --src docker --dest dir -f v2s2 {reg}/lib/dock:1 out', 'out'],
  [
    'sync --src-tls-verify=false --src docker --dest dir --preserve-digests {reg}/lib/hello:1 out',
    'out',
  ],
  ['sync --src yaml --dest dir sync.yaml out', 'out'],
  ['sync --src yaml --dest dir --dry-run sync.yaml out', 'out/lib'],
  ['sync --src-tls-verify=false --src docker --dest dir --keep-going {reg}/lib/none:1 out'],
  [`sync ${REGS} --src docker --dest docker {reg}/lib/base {reg}/new`, '{reg}/new/base:1'],
  [
    `sync ${REGS} --src docker --dest docker --append-suffix -x {reg}/lib/base:1 {reg}/new`,
    '{reg}/new/base:1-x',
    '{reg}/new/base:1',
  ],
  [
    `sync ${REGS} --src docker --dest docker --digestfile out {reg}/lib/base {reg}/new`,
    'sorted:out',
  ],
  [
    `sync ${REGS} --src docker --dest docker --remove-signatures --retry-times 1 {reg}/lib/base:1 {reg}/new`,
    '{reg}/new/base:1',
  ],
  [
    `sync ${REGS} --src docker --dest docker --src-creds ann:pw --dest-creds ann:pw {reg}/lib/base:1 {reg}/new`,
    '{reg}/new/base:1',
  ],
  [
    `sync ${REGS} --src docker --dest docker --src-authfile ann:pw.json --dest-username ann --dest-password pw {reg}/lib/base:1 {reg}/new`,
    '{reg}/new/base:1',
  ],
  [
    `sync ${REGS} --src docker --dest docker --authfile ann:pw.json --dest-no-creds {reg}/lib/base:1 {reg}/new`,
  ],
  [
    `sync ${REGS} --src docker --dest docker --src-registry-token t0 --dest-registry-token t0 {token}/lib/base:1 {token}/new`,
    '{reg}/new/base:1',
  ],
  [
    'sync --src docker --dest docker --src-cert-dir certs --dest-cert-dir certs {tls}/lib/base:1 {tls}/new',
    '{reg}/new/base:1',
  ],

  // Failures: the exit status is what scripts look at.
  ['copy --src-tls-verify=false docker://{reg}/lib/hello:none dir:out'],
  ['copy oci:layout:none dir:out'],
  [`${INSPECT} docker://{reg}/lib/notmyarch:1`],
  ['inspect {reg}/lib/hello:1'],
  ['copy --nope a b'],
  ['frobnicate'],
];
