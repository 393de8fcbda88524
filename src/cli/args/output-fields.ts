/** Commands, and the fields of their JSON. */
type FieldsRow = readonly [string, string];

/**
 * With code in backquotes: for `help fields`, its man page and docs/reference/output.md. Tests compare
 * them with what the commands print.
 */
export const OUTPUT_FIELDS: readonly FieldsRow[] = [
  [
    'tags',
    '`Repository`, `Tags`: names, or with `--long` `Name`, `Digest`, `MediaType`, `Created`, `Size`, `Platforms` for each tag',
  ],
  [
    'list-tags, inspect',
    'as skopeo. `inspect` adds `MediaType`, `ArtifactType` (null for an image that runs), `ManifestDigest`, `ConfigDigest`, `Variant`, `Size`, `Platforms` (`Platform`, `Digest`, `MediaType`, `Size`) and `History` (`Created`, `CreatedBy`, `Comment`, `EmptyLayer`), and `Referrers` (as in `referrers`; null if it did not look)',
  ],
  ['digest', '`Name`, `Digest`, `MediaType`, `Size`'],
  [
    'copy',
    '`Source`, `Destination`, `Digest`, `MediaType`, `Outcome` (`copied` or `unchanged`), `Tags`, `Blobs` (`Written`, `Mounted`, `Present`), `Bytes` (`Sent`, `Skipped`), `Requests`, `ElapsedMs`. With `--all-tags`, `Images` has one entry for each tag',
  ],
  [
    'copy --dry-run',
    '`Source`, `Destination`, `DryRun`, `Nodes` (`Action`, `Digest`, `MediaType`, `Size`), `Tags` (`Tag`, `Digest`), `RequestsNeeded`, `DockerHubPulls`',
  ],
  ['pull, push', 'as `copy`'],
  ['save', '`File`, `Images` (`Name`, `Source`, `Digest`, `MediaType`)'],
  [
    'load',
    '`File`, `Images` (`Name`, `Digest`, `MediaType`, `Blobs` (`Written`, `Mounted`, `Present`), `Bytes` (`Sent`, `Skipped`), `Requests`, `ElapsedMs`)',
  ],
  ['tag', '`Name`, `Digest`, `Tags`'],
  [
    'sync',
    '`Images` (`Source`, `Destination`, `Digest`, `Outcome`, `Because`, `Bytes`, `Error`), `Totals` (`Copied`, `Unchanged`, `Deleted`, `Skipped`, `Failed`, `Bytes`, `Requests`, `Pulls`, `Sources`); with `-o ndjson` one line for each image',
  ],
  [
    'verify',
    '`Image`, `Digest`, `Verified`, `Type`, `ThroughIndex`, `PodmanReadable`, `Signatures` (`Counts`, `Reason`, `Signer`, `Time`, `Type`, `Form`, `Repository`, `Created`, `Digest`, `Subject`); with a policy that accepts without signatures `Accepted`',
  ],
  ['sign, attest', '`Image`, `Digest`, `Signatures` (`Subject`, `Form`, `Digest`)'],
  ['key generate', '`PrivateKey`, `PublicKey`, `Type`'],
  ['delete', '`Repository`, `Digest`, `Tags`, `Referrers`, `Left`, `Requests`, `DryRun`'],
  [
    'prune',
    'for each repository `Repository`, `Keep`, `Delete`, `Skipped` (`Tag`, `Digest`, `Because`), `Manifests`, `Bytes`, `Refused`, `Deleted`',
  ],
  [
    'prune apply',
    'for each repository `Repository`, `Deleted` (`Tags`, `Manifests`), `Skipped` (`Tag`, `Because`), `Failed` (`Name`, `Error`)',
  ],
  [
    'outdated',
    'for each image `Image`, `Digest`, `Same`, `Version`, `NewestInMajor`, `Newest`, `Outdated`',
  ],
  [
    'artifact push, artifact attach',
    '`Name`, `Subject` (of `attach`), `Digest`, `MediaType`, `Size`, `ArtifactType`, `Created`, `Files` (`Title`, `Digest`, `MediaType`, `Size`), `Tags` (of `push`)',
  ],
  [
    'artifact pull',
    '`Name`, `Digest`, `Directory`, `Files` (`Title`, `Digest`, `MediaType`, `Size`, `Directory`), `Written` (paths), `Unnamed` (digests)',
  ],
  ['artifact-get', '`Digest`, `MediaType`, `Size`'],
  [
    'referrers repair',
    '`Repository`, `Tags` (`Tag`, `Subject`, `Entries`, `Completed`, `Moved`, `Left`, `Missing`: digests, `TagDeleted`)',
  ],
  [
    'referrers',
    '`Name`, `Digest`, `MediaType`, `Platform`, `Referrers` (`Digest`, `MediaType`, `Size`, `ArtifactType`, `Kinds`, `Types`, `Created`, `Source`: `referrers`, `digest-tag` or `buildkit`, `Tag`, `Annotations`, `Contents` (`Digest`, `MediaType`, `Size`, `Type`, `Kind`, `Title`; null if not read), `Referrers`), `Children` (the same for each image of an index), `Unread`',
  ],
  ['manifest-put', '`Name`, `Digest`, `MediaType`, `Size`'],
  ['manifest-digest', '`Digest`'],
  ['blob-put', '`Repository`, `Digest`, `Size`, `Outcome`'],
  ['blob-copy', '`Source`, `Destination`, `Digest`, `Outcome`'],
  ['catalog', '`Repositories`'],
  ['search', 'a list of `Name`, `Description`, `Stars`, `Pulls`, `Official`'],
  [
    'rate-limit',
    '`Registry`, `Limit`, `Remaining`, `Used`, `WindowSeconds`, `Source`, `Account`, `Limited`',
  ],
  [
    'login',
    '`Registry`, `Username`, `Place`, `PlainText`; with `--get-login` `Registry`, `Username`',
  ],
  ['logout', '`Removed`'],
  [
    'files',
    '`Name`, `Digest`, `Files` (`Path`, `Type`, `Mode`, `Uid`, `Gid`, `Size`, `Modified`, `Layer`; if it has them `Link`, `HardLink`, `Device`, `Xattrs`); with `-o ndjson` one line for each file',
  ],
  ['export', '`Source`, `Digest`, `File`, `Size`'],
  [
    'mutate',
    '`Destinations`, `Reference`, `Digest`, `MediaType`, `Tags`, `DryRun`, `Images` (`Platform`, `Before`, `Digest`; with `--dry-run` `ConfigBefore`, `ConfigAfter`), `LeftOut` (`Platform`, `Attestations`), `Blobs` (`Written`, `Mounted`, `Present`), `Bytes` (`Sent`, `Skipped`), `Requests`, `ElapsedMs`',
  ],
  [
    'index create, index add, index remove, index annotate',
    '`Destinations`, `Reference`, `Digest`, `MediaType`, `Tags`, `DryRun`, `Manifests` (`Platform`, `Digest`, `MediaType`, `Size`), `Blobs` (`Written`, `Mounted`, `Present`), `Bytes` (`Sent`, `Skipped`), `Requests`, `ElapsedMs`',
  ],
  ['completion', '`Shell`, `Script`'],
  [
    'version',
    '`Version`, `Node`, `OpenSSL`, `Platform`, `Installed`, `Path`; with `--check` `Newest`, `Outdated`',
  ],
  [
    'diff',
    '`A` and `B` (`Name`, `Digest`), `Equal`, `Manifest`, `Platforms` (`Platform`, `Digests`, `Config` and `Manifest` as lists of `Pointer`, `A`, `B`; `Layers` with `Same`, `OnlyA`, `OnlyB` of `Digest`, `Size`, `MediaType`; `Files` with `Added`, `Gone`, `Changed` of `Path`, `What`, `Size`)',
  ],
  [
    'validate',
    '`Name`, `Digest`, `Valid`, `Manifests`, `Layers`, `Bytes`, `Problems` (`Digest`, `Platform`, `Code`, `Message`)',
  ],
  [
    'serve check',
    '`Repositories`, `Manifests`, `Blobs`, `Problems` (`Kind`, `Repository`, `Digest`, `NamedBy`)',
  ],
  ['doctor', '`Registry`, `Healthy`, `Checks` (`Name`, `Verdict`, `Detail`, `Hint`, `ElapsedMs`)'],
];

const START =
  '<!-- Generated from src/cli/args/output-fields.ts by `npm run docs`: do not edit. -->';

/** docs/reference/output.md with the table as it is here, which ends the page. */
export function withOutputFields(page: string): string {
  const at = page.indexOf(START);
  if (at < 0) throw new Error('docs/reference/output.md has no place for the fields');
  return `${page.slice(0, at)}${START}\n\n${fieldsTable()}\n`;
}

function fieldsTable(): string {
  const rows = OUTPUT_FIELDS.map(([commands, fields]) => {
    const names = commands.split(', ').map((name) => `\`${name}\``);
    return `| ${names.join(', ')} | ${fields} |`;
  });
  return ['| command | fields |', '|---|---|', ...rows].join('\n');
}
