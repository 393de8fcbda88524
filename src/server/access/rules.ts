import { AppError } from '../../errors/app-error.ts';
import { parseYamlTree, YamlError, type YamlEntry, type YamlNode } from '../../util/text/yaml.ts';

/** What a user may do in a repository. */
export type Action = 'pull' | 'push' | 'delete';

/** Who may do what with which repository. */
export interface AccessRules {
  /** `user` undefined: a request without a login. */
  allows(user: string | undefined, action: Action, repository: string): boolean;
}

const ACTIONS: readonly Action[] = ['pull', 'push', 'delete'];

/** Everyone, with a login or without. */
const ANYONE = 'anonymous';
/** Everyone with a login. */
const USERS = '*';

interface Rule {
  readonly repositories: readonly RegExp[];
  readonly users: Readonly<Record<Action, ReadonlySet<string>>>;
}

/**
 * Parses a list of rules, of which the first whose `repositories` matches decides. Each names the
 * users that may `pull`, `push` and `delete`; a missing list is empty. `*` in a name matches within
 * a component, `**` across them. What no rule matches is denied.
 * @throws AppError CONFIG_INVALID with the line
 * @example
 * import { createMemoryStorage, parseRules, startRegistryServer } from '@regctl/cli/server';
 *
 * const rules = await parseRules('- {repositories: team/*, pull: ["*"], push: [ci]}');
 * await using registry = await startRegistryServer({
 *   storage: createMemoryStorage(),
 *   basicAuth: async (user, password) => user === 'ci' && password === 's3cret',
 *   rules: () => rules,
 * });
 * console.log(registry.host);
 */
export async function parseRules(text: string): Promise<AccessRules> {
  const rules = await readRules(text);
  return {
    allows(user, action, repository) {
      const rule = rules.find(({ repositories }) =>
        repositories.some((one) => one.test(repository)),
      );
      const users = rule?.users[action];
      if (users === undefined) return false;
      return users.has(ANYONE) || (user !== undefined && (users.has(USERS) || users.has(user)));
    },
  };
}

async function readRules(text: string): Promise<readonly Rule[]> {
  let root: YamlNode | undefined;
  try {
    root = await parseYamlTree(text);
  } catch (error) {
    if (error instanceof YamlError) throw invalid(error.line, error.message);
    throw error;
  }
  if (root?.kind !== 'list') throw invalid(root?.line ?? 1, 'expected a list of rules');
  return root.items().map(readRule);
}

function readRule(node: YamlNode): Rule {
  if (node.kind !== 'map') throw invalid(node.line, 'expected repositories, pull, push, delete');
  const entries = new Map<string, YamlEntry>();
  for (const entry of node.entries()) {
    const isKnown = entry.key === 'repositories' || ACTIONS.some((action) => action === entry.key);
    if (!isKnown) throw invalid(entry.line, `unknown key "${entry.key}"`);
    entries.set(entry.key, entry);
  }
  const twice = node.duplicate();
  if (twice !== undefined) throw invalid(twice.line, `"${twice.key}" occurs twice`);
  const repositories = entries.get('repositories');
  if (repositories === undefined) throw invalid(node.line, 'a rule needs repositories');
  const users = (action: Action): ReadonlySet<string> => {
    const entry = entries.get(action);
    return new Set(entry === undefined ? [] : wordsOf(entry.value));
  };
  return {
    repositories: wordsOf(repositories.value).map(patternOf),
    users: { pull: users('pull'), push: users('push'), delete: users('delete') },
  };
}

/** One word, or a list of them. */
function wordsOf(node: YamlNode): readonly string[] {
  const nodes = node.kind === 'list' ? node.items() : [node];
  return nodes.map((one) => {
    if (one.kind === 'scalar' && one.text !== '') return one.text;
    throw invalid(one.line, 'expected a name or a list of names');
  });
}

function patternOf(glob: string): RegExp {
  const source = glob
    .split(/(\*\*|\*)/u)
    .map((part) => {
      if (part === '**') return '.*';
      return part === '*' ? '[^/]*' : part.replace(/[\\^$.|+?()[\]{}]/gu, String.raw`\$&`);
    })
    .join('');
  return new RegExp(`^${source}$`, 'u');
}

function invalid(line: number, words: string): AppError {
  return new AppError('CONFIG_INVALID', `rules line ${line}: ${words}`, {
    hint: 'For example: - {repositories: team/**, pull: ["*"], push: [ann], delete: [ann]}',
  });
}
