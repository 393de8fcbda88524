import { AppError } from '../../../../errors/app-error.ts';
import { same } from '../../tables.ts';
import type { Line, Verb } from '../../types.ts';
import {
  connection,
  hostPolicy,
  manifestFormat,
  POLICY,
  retries,
  RETRY,
  SIGNING,
} from './options.ts';

/** The log lines of `skopeo sync`. */
function syncLines(line: Line): string {
  const [copied, done] = line.has('dry-run')
    ? ['Would have copied image', 'Would have synced']
    : ['Copying image', 'Synced'];
  const failed = `{{if eq .Outcome "failed"}}Error copying {{.Source}}: {{.Error.message}}`;
  const [from, to] = ['src', 'dest'].map((side) =>
    line.value(side) === 'dir' ? 'dir:' : 'docker://',
  );
  const image = `${copied} from="${from}{{.Source}}" to="${to}{{.Destination}}"`;
  const each = `{{range .Images}}${failed}{{else}}${image}{{end}}{{println ""}}{{end}}`;
  return `${each}${done} {{len .Images}} images from {{.Totals.Sources}} sources`;
}

export const sync: Verb = {
  words: 'sync',
  to: ['sync'],
  // Before the command `--format` is a template; after it, a manifest format.
  toFor: (line) => [`--format=${syncLines(line)}`, 'sync'],
  options: {
    ...connection('src-'),
    ...connection('dest-'),
    ...POLICY,
    ...RETRY,
    ...SIGNING,
    ...same('--authfile <file>', '-a, --all', '--append-suffix <text>', '--digestfile <file>'),
    ...same('-s, --src <transport>', '-d, --dest <transport>', '--dry-run', '--keep-going'),
    ...same('--preserve-digests', '--scoped'),
    '-f, --format <type>': (value, line) => manifestFormat(value, line),
  },
  defaults: (line) => [...retries(line), '--state=none', ...hostPolicy(line)],
  args: (line) => {
    for (const option of ['src', 'dest']) {
      if (!line.has(option)) {
        throw new AppError('USAGE', `skopeo sync needs --${option}`, {
          hint: 'Write --src docker|dir|yaml and --dest docker|dir.',
        });
      }
    }
    return line.args;
  },
};
