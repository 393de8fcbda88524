import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { IdentityRule, TextRule } from '../keyless/identity.ts';
import { parseYamlTree, YamlError, type YamlMap, type YamlNode } from '../../util/text/yaml.ts';

/** A rule of a trust policy: which images it is about, and who has to have signed them. */
export interface ImageRule {
  readonly line: number;
  /** Patterns of repository names. */
  readonly images: readonly RegExp[];
  /** Files of public keys. */
  readonly keys: readonly string[];
  /** Identities of certificates, and the file with the roots that these have to hold under. */
  readonly identities: readonly IdentityRule[];
  readonly trustedRoot: string | undefined;
  /** How many different signers are needed. */
  readonly signatures: number;
  /** Accepts or rejects without a look; undefined: signatures decide. */
  readonly accept: boolean | undefined;
}

/** A trust policy in YAML (docs/trust.md). */
export interface ImagePolicy {
  readonly file: string;
  readonly rules: readonly ImageRule[];
}

const MEMBERS: ReadonlySet<string> = new Set([
  'images',
  'keys',
  'identities',
  'trusted-root',
  'signatures',
  'accept',
]);
const IDENTITY: ReadonlySet<string> = new Set([
  'identity',
  'identity-regexp',
  'issuer',
  'issuer-regexp',
]);

/** @throws AppError CONFIG_INVALID that names file, line and rule */
export async function parseImagePolicy(text: string, file: string): Promise<ImagePolicy> {
  const root = await parse(text, file);
  if (root?.kind !== 'map') throw invalid(file, root?.line ?? 1, 'it has no rules');
  const members = membersOf(root, new Set(['rules']), file);
  const rules = members.get('rules');
  if (rules?.kind !== 'list' || rules.items().length === 0) {
    throw invalid(file, rules?.line ?? root.line, '"rules" is not a list of rules');
  }
  return { file, rules: rules.items().map((one) => ruleOf(one, file)) };
}

async function parse(text: string, file: string): Promise<YamlNode | undefined> {
  try {
    return await parseYamlTree(text);
  } catch (error) {
    if (error instanceof YamlError) throw invalid(file, error.line, error.message);
    throw error;
  }
}

function ruleOf(node: YamlNode, file: string): ImageRule {
  const { line } = node;
  if (node.kind !== 'map') throw invalid(file, line, 'a rule is not a map');
  const members = membersOf(node, MEMBERS, file);
  const texts = (name: string): readonly string[] => textsOf(members.get(name), name, file);
  const images = texts('images');
  if (images.length === 0) throw invalid(file, line, 'a rule needs "images"');
  const keys = texts('keys');
  const accept = booleanOf(members.get('accept'), file);
  const identities = identitiesOf(members.get('identities'), file);
  const [trustedRoot] = texts('trusted-root');
  const signers = keys.length + identities.length;
  if (signers > 0 === (accept !== undefined)) {
    throw invalid(file, line, 'a rule needs signers ("keys", "identities"), or "accept"');
  }
  if (identities.length > 0 !== (trustedRoot !== undefined)) {
    throw invalid(file, line, '"identities" and "trusted-root" need each other');
  }
  const signatures = countOf(members.get('signatures'), file);
  // A pattern can match any number of identities.
  const isOpen = identities.some((one) => one.identity.regexp !== undefined);
  if (signatures > signers && !isOpen && accept === undefined) {
    throw invalid(file, line, `${signatures} signatures cannot come from ${signers} signers`);
  }
  const patterns = images.map(patternOf);
  return { line, images: patterns, keys, identities, trustedRoot, signatures, accept };
}

function identitiesOf(node: YamlNode | undefined, file: string): readonly IdentityRule[] {
  if (node === undefined) return [];
  if (node.kind !== 'list') throw invalid(file, node.line, '"identities" is not a list');
  return node.items().map((one) => {
    if (one.kind !== 'map') throw invalid(file, one.line, 'an identity is not a map');
    const members = membersOf(one, IDENTITY, file);
    const text = (name: string): string | undefined => {
      const value = members.get(name);
      if (value === undefined || value.kind === 'scalar') return value?.text;
      throw invalid(file, value.line, `"${name}" is not a text`);
    };
    const rule = (name: string): TextRule => {
      const [exact, regexp] = [text(name), text(`${name}-regexp`)];
      if ((exact === undefined) !== (regexp === undefined)) return { exact, regexp };
      throw invalid(file, one.line, `an identity needs "${name}" or "${name}-regexp"`);
    };
    return { identity: rule('identity'), issuer: rule('issuer') };
  });
}

/** A key that stands twice is refused: readers differ about which one counts. */
function membersOf(
  map: YamlMap,
  known: ReadonlySet<string>,
  file: string,
): ReadonlyMap<string, YamlNode> {
  const twice = map.duplicate();
  if (twice !== undefined) throw invalid(file, twice.line, `"${twice.key}" stands twice`);
  const entries = map.entries();
  const other = entries.find(({ key }) => !known.has(key));
  if (other !== undefined)
    throw invalid(file, other.line, `"${other.key}" is not a member of a rule`);
  return new Map(entries.map(({ key, value }) => [key, value]));
}

function textsOf(node: YamlNode | undefined, name: string, file: string): readonly string[] {
  if (node === undefined) return [];
  const list = node.kind === 'list' ? node.items() : [node];
  return list.map((one) => {
    if (one.kind === 'scalar' && one.text !== '') return one.text;
    throw invalid(file, one.line, `"${name}" is not a list of texts`);
  });
}

function booleanOf(node: YamlNode | undefined, file: string): boolean | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar' && (node.text === 'true' || node.text === 'false'))
    return node.text === 'true';
  throw invalid(file, node.line, '"accept" is neither true nor false');
}

function countOf(node: YamlNode | undefined, file: string): number {
  if (node === undefined) return 1;
  if (node.kind === 'scalar' && /^[1-9]\d{0,2}$/u.test(node.text)) return Number(node.text);
  throw invalid(file, node.line, '"signatures" is not a number from 1');
}

/** `*` stands for a part of a name without "/", `**` for any. */
function patternOf(text: string): RegExp {
  const source = text.replaceAll(/\*+|[\\^$.|+()[\]{}?]/gu, (match) => {
    if (!match.startsWith('*')) return `\\${match}`;
    return match.length > 1 ? '.*' : '[^/]*';
  });
  return new RegExp(`^${source}$`, 'u');
}

function invalid(file: string, line: number, rule: string): AppError {
  return new AppError('CONFIG_INVALID', `cannot use the trust policy ${file}: ${sanitize(rule)}`, {
    why: [`line ${line}`],
    hint: 'The format is that of docs/trust.md, or of containers-policy.json(5) in JSON.',
  });
}
