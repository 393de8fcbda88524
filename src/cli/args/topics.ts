import { FLAG_GROUPS } from './flag-groups.ts';
import { OUTPUT_FIELDS } from './output-fields.ts';
import type { OptionSpec } from '../../commands/types.ts';

/** A page of `regctl help TOPIC`, also a man page. */
export interface Topic {
  readonly name: string;
  readonly heading: string;
  /** In the list of topics. */
  readonly summary: string;
  readonly intro?: string;
  readonly tables: readonly TopicTable[];
  readonly end?: string;
}

export interface TopicTable {
  readonly heading: string;
  readonly rows?: readonly TopicRow[];
  readonly options?: readonly OptionSpec[];
}

/** A term and what it means. */
export type TopicRow = readonly [string, string];

const EXIT_STATUSES: readonly TopicRow[] = [
  ['0', 'done'],
  ['1', 'failed: network, server, authentication, input or output'],
  ['2', 'the image, tag or repository does not exist'],
  ['3', 'refused by a safety rule or a threshold'],
  ['4', 'rate-limited, after retries'],
  ['5', 'integrity: wrong digest or size, corrupt archive'],
  ['64', 'wrong usage'],
  ['130, 143', 'interrupted, terminated'],
];

/** Forms of image names; a test compares them with the table of transports. */
export const IMAGE_NAMES: readonly TopicRow[] = [
  ['busybox, ghcr.io/o/a:1', 'an image in a registry, with the defaults of Docker'],
  ['docker://IMAGE', 'the same, as in skopeo'],
  ['oci:DIR[:NAME|@DIGEST]', 'an OCI layout directory'],
  ['oci-archive:FILE[:TAG]', 'an OCI layout in a tar file; - is stdin or stdout'],
  ['docker-archive:FILE[:NAME]', 'the output of docker save; :@0 is its first image'],
  ['dir:DIR', 'a flat directory with one image, as in skopeo'],
  ['docker-daemon:NAME[:TAG]', 'an image of the Docker daemon'],
  ['containers-storage:NAME[:TAG]', 'an image of podman and Buildah'],
];

export const TOPICS: readonly Topic[] = [
  {
    name: 'options',
    heading: 'Options that commands share',
    summary: 'options that commands share',
    intro: 'Each works before and after the name of a command that uses it.',
    tables: FLAG_GROUPS.map(({ heading, flags }) => ({ heading, options: flags })),
    end: 'Commands with a source and a destination take the options of login and TLS also as --src-… and --dest-….',
  },
  {
    name: 'image-names',
    heading: 'How to write an image',
    summary: 'how to write an image, an archive or a directory',
    tables: [{ heading: 'Image names', rows: IMAGE_NAMES }],
  },
  {
    name: 'credentials',
    heading: 'Where logins come from',
    summary: 'which login is used for a registry',
    intro:
      'The first source that has a login for the registry is used. Credentials are sent to no other host.',
    tables: [
      {
        heading: 'In this order',
        rows: [
          ['--creds, --username, --registry-token', 'given on the command line'],
          ['--no-creds', 'ends the list: nothing is sent'],
          ['--authfile FILE, REGISTRY_AUTH_FILE', 'then only this file is read'],
          ['DOCKER_AUTH_CONFIG', 'the text of a login file'],
          ['containers/auth.json', 'where podman login and skopeo login write'],
          ['~/.docker/config.json', 'where docker login and regctl login write'],
          ['~/.regctl/config.json', 'the file of regclient'],
        ],
      },
      {
        heading: 'Commands',
        rows: [
          ['regctl login REGISTRY', 'tests and stores a login'],
          ['regctl doctor REGISTRY', 'shows which source answered'],
        ],
      },
    ],
  },
  {
    name: 'exit-statuses',
    heading: 'How a command ends',
    summary: 'the meaning of each exit status',
    tables: [{ heading: 'Exit statuses', rows: EXIT_STATUSES }],
  },
  {
    name: 'templates',
    heading: 'How to print one field',
    summary: 'Go templates for --format',
    intro:
      'A template prints fields of the JSON of a command. Write it before copy and pull, which have a --format of their own.',
    tables: [
      {
        heading: 'In a template',
        rows: [
          ['{{.Digest}}', 'a field'],
          ['{{json .Labels}}', 'a value as JSON'],
          ['{{range .Tags}}{{.}}{{"\\n"}}{{end}}', 'each entry of a list'],
          ['{{if .Labels}}…{{else}}…{{end}}', 'a condition: eq, ne, lt, gt, and, or, not'],
          ['{{index .Layers 0}}, {{len .Tags}}', 'an entry, the length of a list'],
          ['{{join .Tags ", "}}, {{printf "%d" .Size}}', 'text of several values'],
          ['{{slice .Digest 7 19}}', 'a part of a text or list'],
        ],
      },
    ],
  },
  {
    name: 'progress',
    heading: 'How progress is reported',
    summary: 'events of --progress json',
    intro: '--progress json writes one event on each line of standard error.',
    tables: [
      {
        heading: 'The type of an event, and its fields',
        rows: [
          ['found', 'descriptor: a manifest or blob to copy'],
          ['start', 'descriptor: its transfer starts'],
          ['bytes', 'descriptor, done: bytes so far'],
          ['end', 'descriptor, outcome: written, mounted or present'],
          ['retry', 'attempt, delayMs, reason'],
          ['note, warning', 'text'],
        ],
      },
    ],
  },
  {
    name: 'output',
    heading: 'What commands print',
    summary: 'text, JSON, NDJSON, and where errors go',
    intro:
      'Standard output has the result. Progress, warnings and errors go to standard error. Fields of JSON keep their names in all releases; sizes are in bytes.',
    tables: [
      {
        heading: 'Forms',
        rows: [
          ['-o text', 'for people (default of most commands)'],
          ['-o json', 'one JSON value, also for an error'],
          ['-o ndjson', 'one JSON value on each line'],
          ['--format TEMPLATE', 'a template: regctl help templates, regctl help fields'],
          ['-q', 'no progress and no notes'],
        ],
      },
      {
        heading: 'An error in JSON',
        rows: [
          ['code', 'a name that stays: MANIFEST_UNKNOWN'],
          ['message, reason, hint', 'what failed, why, and what to do'],
          ['exit', 'the exit status'],
          ['details', 'status, errors and credentials of a refusal'],
        ],
      },
    ],
  },
  {
    name: 'fields',
    heading: 'Fields of JSON and templates',
    summary: 'the fields of each command',
    intro:
      'For -o json, -o ndjson and --format. Fields in parentheses belong to the field before them, or to each entry of its list.',
    tables: [
      {
        heading: 'Commands',
        rows: OUTPUT_FIELDS.map(([commands, fields]) => [commands, fields.replaceAll('`', '')]),
      },
    ],
  },
  {
    name: 'environment',
    heading: 'Variables that regctl reads',
    summary: 'environment variables',
    tables: [
      {
        heading: 'Files',
        rows: [
          ['DOCKER_CONFIG', 'configuration directory of Docker'],
          ['REGISTRY_AUTH_FILE, DOCKER_AUTH_CONFIG', 'logins'],
          ['CONTAINERS_REGISTRIES_CONF', 'mirrors, rewrites and blocks'],
          ['XDG_CONFIG_HOME, XDG_CACHE_HOME', 'directories for configuration and cache'],
          ['XDG_STATE_HOME, XDG_RUNTIME_DIR', 'directories for state and logins'],
          ['REGCTL_CONFIG', 'the file of regclient'],
          ['REGCTL_CACHE=off', 'keep nothing between runs'],
        ],
      },
      {
        heading: 'Connections',
        rows: [
          ['HTTP_PROXY, HTTPS_PROXY, NO_PROXY', 'proxies'],
          ['SSL_CERT_FILE, SSL_CERT_DIR', 'certificate authorities'],
          ['NODE_EXTRA_CA_CERTS', 'more certificate authorities'],
          ['DOCKER_HOST, DOCKER_CONTEXT', 'the Docker daemon'],
        ],
      },
      {
        heading: 'Output',
        rows: [
          ['NO_COLOR', 'print no colors'],
          ['SOURCE_DATE_EPOCH', 'the date of what is created'],
        ],
      },
    ],
  },
];
