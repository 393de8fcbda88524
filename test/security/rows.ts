import type { HeldRow } from '../helpers/held.ts';

/** One attack of the security table: where its rule is, and which tests attack. */
export interface Row extends HeldRow {
  readonly attack: string;
  /** Advisories that the row stands for. */
  readonly advisories: string;
}

const ATTACKS = 'test/http/attacks.test.ts';

/** By the numbers of the table in SECURITY.md. */
export const ROWS: readonly Row[] = [
  {
    attack: 'a foreign layer URL asks for the credentials of the registry',
    advisories: 'CVE-2020-15157, CVE-2026-49349',
    rules: [
      ['src/copy/engine/children.ts', '#isLeftOut'],
      ['src/registry/blobs/foreign.ts', 'readElsewhere'],
      ['src/http/redirect.ts', 'crossOriginRequest'],
    ],
    tests: [
      [ATTACKS, 'fetches foreign layers without any credentials'],
      ['test/copy/copy-image.test.ts', 'keeps foreign layers as references, unfetched'],
      ['test/registry/blobs/blobs.test.ts', 'goes on at its own addresses, without credentials'],
    ],
  },
  {
    attack: 'a redirect to another origin carries credentials',
    advisories: 'GHSA-vh4v-2xq2-g5cg',
    rules: [
      ['src/http/redirect.ts', 'crossOriginRequest'],
      ['src/http/headers.ts', 'crossOriginHeaders'],
    ],
    tests: [
      [
        ATTACKS,
        'a %i to another port carries none of them',
        'answers no Bearer challenge of a redirect target',
        'attaches nothing again when B sends the request back to A',
        'counts another name of the same machine as another origin',
      ],
    ],
  },
  {
    attack: 'an upload Location elsewhere gets the credentials',
    advisories: 'CVE-2026-50151',
    rules: [
      ['src/registry/uploads/location.ts', 'resolveUploadLocation'],
      ['src/http/auth/authenticate.ts', 'authenticate'],
    ],
    tests: [
      [
        ATTACKS,
        'sends no credentials to an upload Location elsewhere, but the content',
        'keeps a caller that forgot `initiator` from sending them elsewhere',
        'drops a login inside a Location',
      ],
      [
        'test/registry/uploads/put-blob.test.ts',
        'sends no credentials to a Location on another origin',
        'sends none to where the answer to a %s leads',
      ],
      [
        'test/registry/uploads/journaled.test.ts',
        'gets no credentials for another origin',
        'sends nobody to %s',
      ],
    ],
  },
  {
    attack: 'the realm of a challenge collects logins',
    advisories: 'CVE-2026-48978, CVE-2026-33540',
    rules: [['src/http/auth/realm-trust.ts', 'evaluateRealm']],
    tests: [
      [
        ATTACKS,
        'on a foreign host may give an anonymous token',
        '%s is not asked, with or without credentials',
        'gets none even so on the host of an https registry',
        'may not hand a login on to another origin',
      ],
      ['test/e2e/credential-matrix.test.ts', 'the thief was asked, so it could have been told'],
    ],
  },
  {
    attack: 'requests forged into the local network',
    advisories: 'go-containerregistry 2292, 2293, 2295, 2332',
    rules: [
      ['src/http/address/target.ts', 'checkTarget'],
      ['src/http/address/resolver.ts', 'createResolver'],
    ],
    tests: [
      [
        'test/http/address/target.test.ts',
        'refuses a public host the target %s',
        'refuses %s the target %s',
      ],
      [
        ATTACKS,
        'is refused when a name leads there, whatever DNS says the second time',
        'is refused when only one of the addresses is private',
        'dials the address that was checked',
      ],
      [
        'test/security/rebinding.test.ts',
        'does not lead to another port of this machine',
        'known as %j and now %s: %s',
      ],
      ['test/fuzz/target.test.ts', 'no inner address gets through %s'],
      [
        'test/http/proxy/proxy.test.ts',
        'are not asked for %s on behalf of a registry',
        'are left out for exempt hosts, whose addresses are then checked as ever',
      ],
    ],
  },
  {
    attack: 'the token server is not verified because the registry is exempt',
    advisories: 'CVE-2019-10214',
    rules: [['src/config/hosts/policy.ts', 'createHostPolicies']],
    tests: [
      [
        'test/http/exchange/send.test.ts',
        'verifies the realm although the registry is exempt (CVE-2019-10214)',
        'verifies other hosts although one is exempt',
      ],
    ],
  },
  {
    attack: 'a missing credential helper sends the login elsewhere',
    advisories: 'CVE-2021-41092',
    rules: [['src/credentials/helpers/helper.ts', 'missing']],
    tests: [
      [
        'test/credentials/helpers/helper.test.ts',
        'that is missing is an error with its name, its setting and a cure',
      ],
      ['test/credentials/chain.test.ts', 'never goes past a helper that fails'],
      ['test/credentials/logins/store.test.ts', 'that is missing or fails stores nothing anywhere'],
    ],
  },
  {
    attack: 'a look-alike host gets the login of another',
    advisories: 'CVE-2024-35192, CVE-2021-32690',
    rules: [['src/credentials/keys.ts', 'hostOfKey']],
    tests: [
      [
        'test/credentials/auth-entry.test.ts',
        'the login of %s never goes to %s',
        'keeps a namespace login to its namespace in a containers auth file',
      ],
      ['test/config/registries/lookup.test.ts', '%j looks like one and is none'],
      ['test/http/auth/realm-trust.test.ts', '%s does not trust, from %s, %s'],
      ['test/e2e/mirrors.test.ts', 'each host gets its own, and no flag reaches a mirror'],
    ],
  },
  {
    attack: 'the same bytes are an index for one reader and an image for another',
    advisories: 'CVE-2021-41190, GHSA-qq97-vm5h-rrhg',
    rules: [
      ['src/oci/manifest.ts', 'decideMediaType'],
      ['src/oci/strict-json.ts', 'parseJsonStrict'],
      ['src/oci/document-members.ts', 'ambiguousMember'],
      ['src/transports/tar/plain-names.ts', 'nameProblem'],
    ],
    tests: [
      ['test/oci/document-members.test.ts', 'two members of one document'],
      ['test/transports/tar/plain-names.test.ts', 'two members of one name'],
      ['test/oci/manifest.test.ts', 'refuses %s'],
      ['test/oci/strict-json.test.ts', 'refuses %s'],
      [
        'test/registry/manifests/manifests.test.ts',
        'refuses a Content-Type that contradicts the body',
      ],
      ['test/fuzz/manifest.test.ts', 'of any bytes mean one thing to every reader, or are refused'],
    ],
  },
  {
    attack: 'a digest is a path',
    advisories: 'CVE-2024-3727',
    rules: [['src/oci/digest.ts', 'digestProblem']],
    tests: [
      ['test/oci/digest.test.ts', 'escapes what a terminal would obey'],
      ['test/registry/manifests/manifests.test.ts', 'sends nothing for the reference %j'],
      ['test/registry/client.test.ts', 'refuse a digest that is none'],
    ],
  },
  {
    attack: 'other content than the digest names',
    advisories: 'GHSA-qv35-3gw6-8q4j',
    rules: [
      ['src/registry/manifests/descriptor.ts', 'verifyPinned'],
      ['src/store/verify.ts', 'Verifier'],
    ],
    tests: [
      [
        'test/registry/manifests/manifests.test.ts',
        'refuses other content under a pinned digest, whatever the header says',
        'refuses another digest than the pinned one',
      ],
      [
        'test/store/verify.test.ts',
        'holds a chunk back that is too much, and closes the body',
        'does not take a body of another algorithm',
      ],
    ],
  },
  {
    attack: 'lists without end',
    advisories: 'CVE-2023-33957, CVE-2023-33958, CVE-2023-46737, CVE-2023-33959',
    rules: [
      ['src/registry/lists/page-guard.ts', 'createPageGuard'],
      ['src/copy/referrers.ts', 'MAX_REFERRERS'],
      ['src/store/index-traversal.ts', 'IndexTraversal'],
    ],
    tests: [
      ['test/registry/lists/pages.test.ts', 'when a page is endless'],
      ['test/copy/referrers.test.ts', 'without end are refused', 'that go round in circles end'],
      [
        'test/security/graph.test.ts',
        'are copied whole, each manifest once',
        'are searched once %s',
        'are searched once to be shown',
      ],
    ],
  },
  {
    attack: 'bodies without end',
    advisories: 'CVE-2020-1702, CVE-2024-29902, CVE-2024-29903, CVE-2023-25153, CVE-2024-29893',
    rules: [
      ['src/util/bytes.ts', 'collect'],
      ['src/store/manifests.ts', 'ManifestBudget'],
    ],
    tests: [
      [ATTACKS, 'cannot exhaust the memory'],
      ['test/registry/manifests/manifests.test.ts', 'stops an endless body at the limit'],
      ['test/registry/blobs/blobs.test.ts', 'stops an endless body one byte too late at most'],
      ['test/registry/errors/error.test.ts', 'reads no more of a body than it needs'],
      ['test/config/docker/config-json.test.ts', 'is read no further than its bound'],
      ['test/store/verify.test.ts', 'stops a store that sends without end'],
      ['test/image/view.test.ts', 'does not fetch a configuration above 4 MiB'],
      [
        'test/security/graph.test.ts',
        'manifests held at once have a bound, and room again when they are done with',
      ],
      [
        'test/transports/oci-archive/store.test.ts',
        'a small archive of long names is corrupt before they fill the memory',
      ],
    ],
  },
  {
    attack: 'an archive writes outside its directory',
    advisories: 'CVE-2021-21272, CVE-2026-50162, CVE-2026-50163, CVE-2024-24579, CVE-2021-29136',
    rules: [['src/transports/tar/archive.ts', '#targetOf']],
    tests: [
      [
        'test/transports/oci-archive/store.test.ts',
        '%s is refused with an exit status for damage',
        '%s is corrupt',
      ],
      [
        'test/transports/docker-archive/open.test.ts',
        '%s is refused with an exit status for damage',
      ],
      [
        'test/fuzz/tar.test.ts',
        'an archive with bytes altered, cut or repeated is read or refused',
      ],
    ],
  },
  {
    attack: 'decompression bombs',
    advisories: 'CWE-409',
    rules: [['src/util/compression/limits.ts', 'OutputLimits']],
    tests: [
      [
        'test/util/compression/codec.test.ts',
        '%s bombs stop at either bound',
        'zstd refuses windows, dictionaries, reserved blocks and foreign bytes',
      ],
      ['test/transports/tar/decompress.test.ts', 'stops at a decompression bomb'],
      [
        'test/fuzz/compression.test.ts',
        'gives at most what its bounds allow, or is refused by them',
      ],
    ],
  },
  {
    attack: 'remote text acts on the terminal',
    advisories: 'CVE-2024-50349 class',
    rules: [
      ['src/errors/sanitize.ts', 'sanitize'],
      ['src/errors/sanitize.ts', 'safeText'],
    ],
    tests: [
      [
        'test/cli/main.test.ts',
        'cannot act on the terminal as text, and is exact as JSON',
        'is no raw bytes on a terminal, which would obey them',
        'is a line for each of several, whatever a name holds',
      ],
      [
        'test/cli/output/error.test.ts',
        'never let a remote text act on the terminal, start a line or flood it',
      ],
      ['test/http/exchange/send.test.ts', 'are shown once, without control characters'],
      ['test/fuzz/output.test.ts', 'of remote text a terminal obeys nothing'],
      ['test/e2e/hostile-text.test.ts', 'cannot act on a terminal through %s'],
      [
        'test/util/template/render.test.ts',
        'writes JSON without characters that a terminal obeys, and means the same',
      ],
      [
        'test/credentials/helpers/helper.test.ts',
        'cannot draw on the terminal through its error text, nor flood it',
      ],
    ],
  },
  {
    attack: 'secrets in logs and messages',
    advisories: 'CVE-2025-48374, GO-2022-0387',
    rules: [
      ['src/errors/redact.ts', 'redactUrl'],
      ['src/http/log.ts', 'log'],
      ['src/errors/redact-secrets.ts', 'secretRedactor'],
    ],
    tests: [
      [ATTACKS, 'shows the flow and no secret'],
      [
        'test/security/echo.test.ts',
        'does not get a password printed',
        'does not get a token printed',
        'does not get a login printed as a token server',
        'a password %j that is a word of the protocol does not change what an answer means',
        'knows a secret in JSON, in a URL and in base64',
      ],
      [
        'test/credentials/helpers/helper.test.ts',
        'that fails behind its answer does not get the secret of it printed',
      ],
      ['test/e2e/auth-worlds.test.ts', 'never printed a secret, --debug included'],
      ['test/e2e/hostile-text.test.ts', 'shows the way of %s, and no secret of it'],
      [
        'test/fuzz/headers.test.ts',
        'URLs and headers in a log hold no secret, whatever stands around it',
      ],
      [
        'test/http/auth/authenticate.test.ts',
        'reports a refused login in the words of the token server, without its secret',
      ],
    ],
  },
  {
    attack: 'files with secrets that others can read or turn',
    advisories: 'docker/cli and containers/image practice',
    rules: [
      ['src/config/files/private.ts', 'updatePrivateFile'],
      ['src/util/atomic-file.ts', 'writeFileAtomic'],
      ['src/config/files/ownership.ts', 'checkPrivateFolder'],
    ],
    tests: [
      [
        'test/credentials/logins/store.test.ts',
        'writes a private file in a private folder, in the form of Docker',
        'loses no login when many come at once',
        'refuses circular links and a folder that cannot be one',
      ],
      [
        'test/config/docker/config-json.test.ts',
        'is warned about when others can read secrets in it',
      ],
      ['test/e2e/auth-real.test.ts', 'login keeps what it stores private, whatever the umask is'],
      [
        'test/http/auth/disk/cache.test.ts',
        'is private, and holds no login and nothing to guess one by',
      ],
      [
        'test/registry/journal/journal.test.ts',
        'is private',
        'does not read through a link, or a file that others may read',
      ],
    ],
  },
  {
    attack: 'a configured helper is another program',
    advisories: 'CVE-2024-27980, CVE-2025-15558',
    rules: [
      ['src/credentials/helpers/helper.ts', 'createHelper'],
      ['src/util/process/find-program.ts', 'findProgram'],
    ],
    tests: [
      [
        'test/credentials/helpers/helper.test.ts',
        'cannot be named %j',
        'is not sought in empty or relative PATH entries',
        'gets one verb as argument and the raw key on stdin',
      ],
    ],
  },
  {
    attack: 'line breaks in what a helper reads',
    advisories: 'CVE-2020-5260, CVE-2024-52006',
    rules: [['src/credentials/keys.ts', 'isSafeServerKey']],
    tests: [['test/credentials/helpers/helper.test.ts', 'is never asked for %j']],
  },
  {
    attack: 'the HTTP library follows redirects with credentials by itself',
    advisories: 'CVE-2024-24758, CVE-2024-30260',
    rules: [
      ['src/http/exchange/undici.ts', 'exchange'],
      ['src/http/exchange/node.ts', 'exchange'],
    ],
    tests: [[ATTACKS, 'follows only 307 and 308 for what is not a read, and nothing on demand']],
  },
  {
    attack: 'descriptors that lie about size and data',
    advisories: 'image-spec descriptor.md',
    rules: [['src/oci/descriptor.ts', 'parseDescriptor']],
    tests: [
      ['test/oci/descriptor.test.ts', 'refuses %j'],
      [
        'test/transports/docker/store.test.ts',
        'serves embedded content without a request, but only when it is true',
        'refuses a manifest that is longer than its descriptor says',
      ],
    ],
  },
  {
    attack: 'links in a layout lead out of it',
    advisories: 'go-containerregistry 2306',
    rules: [['src/transports/files/disk.ts', 'openRegular']],
    tests: [
      [
        'test/transports/oci-layout/store.test.ts',
        'follows no link in the place of a blob',
        'does not hang on a pipe in the place of a blob',
        'refuses index.json when it is a link',
      ],
    ],
  },
  {
    attack: 'line breaks in headers',
    advisories: 'CWE-113',
    rules: [['src/oci/media-types.ts', 'isMediaType']],
    tests: [
      ['test/registry/manifests/manifests.test.ts', 'keeps line breaks out of the request'],
      ['test/http/exchange/send.test.ts', 'refuses headers that break lines'],
      ['test/oci/media-types.test.ts', 'fit into a header'],
    ],
  },
  {
    attack: 'the embedded registry is the victim',
    advisories:
      'CVE-2023-2253, CVE-2024-39897, CVE-2026-41888, CVE-2026-35172, CVE-2025-24976, GO-2026-4668',
    rules: [
      ['src/server/api/dispatch.ts', 'dispatch'],
      ['src/server/storage/disk-paths.ts', 'diskPaths'],
    ],
    tests: [
      [
        'test/server/server.test.ts',
        'clamp n, know n=0, and refuse what is no number',
        'turn off every delete at once, but not the cancelling of an upload',
        'cuts a download whose source fails, instead of adding an error to it',
      ],
      [
        'test/server/api/uploads.test.ts',
        'opens a session when %j does not have the blob, wherever else it is',
        'is answered with 4xx and does no harm: %#',
      ],
      [
        'test/server/storage/storage.contract.test.ts',
        'links blobs per repository: mounted is readable, deleted here is kept there',
        'does not know the session %j',
      ],
    ],
  },
  {
    attack: 'a mirror answers for a tag, or with other content',
    advisories: 'protocol: mirror trust',
    rules: [['src/registry/mirrors/repository.ts', 'mayAnswer']],
    tests: [
      [
        'test/registry/mirrors/client.test.ts',
        'digest-only and tag-only mirrors answer nothing else',
        'wrong content is discarded, told, and never handed on',
        'the first that has it answers, the rest is not asked; the note says who',
      ],
    ],
  },
  {
    attack: 'JSON that changes prototypes, or nests without end',
    advisories: 'CWE-1321, CWE-674',
    rules: [
      ['src/oci/strict-json.ts', 'withoutPrototype'],
      ['src/config/files/json.ts', 'withoutPrototype'],
    ],
    tests: [
      [
        'test/oci/strict-json.test.ts',
        'bounds the depth before anything recurses',
        'keeps __proto__ as data and the prototypes of all objects clean',
      ],
      [
        'test/oci/descriptor.test.ts',
        'takes annotations named like object internals as plain data',
      ],
      [
        'test/config/docker/config-json.test.ts',
        'takes __proto__ for a registry like any other',
        'bounds the depth',
      ],
      ['test/fuzz/config.test.ts', '%s of any text is read or refused without its secrets'],
      ['test/fuzz/output.test.ts', 'of any text print text or are refused as wrong usage'],
    ],
  },
  {
    attack: 'long headers and names cost more than their length',
    advisories: 'CWE-1333',
    rules: [
      ['src/registry/lists/link-header.ts', 'parseLinks'],
      ['src/http/auth/challenge.ts', 'parseChallenges'],
    ],
    tests: [
      [
        'test/http/exchange/send.test.ts',
        'refuses headers that are too large, and does not ask again: %s',
        'bounds the time of headers that never end',
      ],
      ['test/fuzz/link.test.ts', 'reads a very long header of %j in one pass'],
      ['test/fuzz/challenge.test.ts', 'never throws, and makes no value longer than its input'],
      ['test/fuzz/reference.test.ts', 'are linear in the length of an attack'],
    ],
  },
  {
    attack:
      'a web page uses a registry on loopback that asks for no login, by a form or by DNS rebinding',
    advisories: 'CWE-352, CWE-350',
    rules: [
      ['src/server/access/callers.ts', 'refuseStrangers'],
      ['src/commands/serve/callers.ts', 'callerRules'],
    ],
    tests: [
      ['test/server/callers.test.ts', 'refuses %s'],
      ['test/commands/serve/run.test.ts', 'with --host-name %j answers %s with %i'],
    ],
  },
  {
    attack: 'guessed passwords keep the registry busy, or tell which users exist',
    advisories: 'CWE-400, CWE-208',
    rules: [
      ['src/server/htpasswd.ts', 'createStrangers'],
      ['src/server/newest-first.ts', 'createNewestFirst'],
      ['src/server/bcrypt.ts', 'createBcryptThreads'],
    ],
    tests: [
      [
        'test/server/htpasswd.test.ts',
        'works at two comparisons at once, newest first, and sends the oldest of the rest away',
        'takes as long for a name that is not there (cost %s)',
        'does not hold up the program while it compares',
      ],
    ],
  },
  {
    attack: 'content that was changed on disk is served under its digest',
    advisories: 'CWE-354',
    rules: [
      ['src/server/storage/integrity.ts', 'createIntegrity'],
      ['src/server/check.ts', 'checkStorage'],
    ],
    tests: [
      [
        'test/server/storage/disk.test.ts',
        'is never sent as 200 (%s), and healed by the next push',
        'a manifest too (%s): healed by a push, removable',
        'names each repository of a damaged blob, what is missing, and who names it',
      ],
    ],
  },
  {
    attack: 'a signature means one thing for one reader and another for the next',
    advisories: 'CWE-436, CWE-347',
    rules: [
      ['src/signing/formats/document.ts', 'parseDocument'],
      ['src/signing/formats/base64.ts', 'decodeBase64'],
    ],
    tests: [
      [
        'test/signing/attacks.test.ts',
        'attacks beside their twins',
        'each attack has a twin that counts',
      ],
    ],
  },
  {
    attack: 'a signature of something else counts for the image',
    advisories: 'CVE-2022-35929',
    rules: [
      ['src/signing/verify/judge.ts', 'judge'],
      ['src/signing/verify/evidence.ts', 'findEvidence'],
    ],
    tests: [
      ['test/signing/attacks.test.ts', 'attacks beside their twins'],
      ['test/signing/images.test.ts', 'images that cosign signed'],
      ['test/signing/sign.test.ts', 'signs only the index, and with --recursive every manifest'],
    ],
  },
  {
    attack: 'a key file or a flood of signatures uses up the memory',
    advisories: 'CWE-400, CVE-2024-29902',
    rules: [
      ['src/signing/keys/encrypted.ts', 'parametersOf'],
      ['src/signing/verify/evidence.ts', 'findEvidence'],
    ],
    tests: [
      [
        'test/signing/keys.test.ts',
        'a file that asks for too much memory is refused before it is computed',
      ],
      [
        'test/signing/sign.test.ts',
        'a bundle with 100 MB of spaces is not read',
        '10,000 referrers end, and what was not read is said',
      ],
    ],
  },
  {
    attack: 'the tag moves between verification and copy',
    advisories: 'CWE-367',
    rules: [
      ['src/commands/transfer/trusted.ts', 'pinnedTo'],
      ['src/signing/policy/judged-image.ts', 'result'],
    ],
    tests: [
      ['test/commands/transfer/trusted.test.ts', 'copies what was verified, though the tag moves'],
    ],
  },
  {
    attack: 'a web page or another program of the machine uses the pages of ui',
    advisories: 'CWE-352, CWE-350, CWE-1021',
    rules: [
      ['src/ui/access/headers.ts', 'isFromElsewhere'],
      ['src/ui/access/sessions.ts', 'redeem'],
    ],
    tests: [
      [
        'test/ui/access.test.ts',
        'is refused for the host "%s"',
        'is refused if the browser says "%s"',
        'works once, for a minute, and one at a time',
      ],
      ['test/ui/delete.test.ts', 'with %s is refused'],
    ],
  },
  {
    attack: 'names, labels or SBOMs of a registry run or mislead in the browser',
    advisories: 'CWE-79, CWE-601',
    rules: [
      ['src/ui/pages/widgets.tsx', 'visible'],
      ['src/ui/links.ts', 'webLink'],
    ],
    tests: [
      [
        'test/ui/pages.test.ts',
        'from a hostile registry is text, whatever its names and labels hold',
      ],
      ['test/ui/details.test.ts', 'are listed, and their SBOMs and scan reports are tables'],
    ],
  },
];
