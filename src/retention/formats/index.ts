import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Digest } from '../../oci/digest.ts';
import { parseYaml } from '../../util/text/yaml.ts';
import { allProtected, protectorsOf } from '../hard-keeps.ts';
import type { View } from '../judge.ts';
import type { Policy } from '../plan.ts';
import type { Decision, Judgement } from '../types.ts';
import { parseEcr } from './ecr.ts';
import { parseGar } from './gar.ts';
import { parseGitLab } from './gitlab.ts';
import { parseHarbor } from './harbor.ts';
import { parseOwn } from './own.ts';
import {
  DAY,
  isObject,
  KEEP,
  refuse,
  type ToolImage,
  type ToolPolicy,
  type ToolPolicyFor,
} from './types.ts';
import { parseZot } from './zot.ts';

export type RulesFormat = 'regctl' | 'ecr' | 'zot' | 'harbor' | 'gar' | 'gitlab';

/** Returns the policy for a repository; `undefined` if no rule applies to it. */
export type PolicyFor = (repository: string) => Policy | undefined;

/** Other tools' files are JSON; those of regctl and zot may be YAML. */
const TOOLS: Readonly<
  Record<Exclude<RulesFormat, 'regctl'>, (value: unknown) => ToolPolicyFor | Promise<ToolPolicyFor>>
> = { ecr: parseEcr, zot: parseZot, harbor: parseHarbor, gar: parseGar, gitlab: parseGitLab };

/**
 * Parses a file of rules from regctl, ECR, zot, Harbor, Artifact Registry or GitLab, recognized by
 * its keys.
 * @throws AppError USAGE if any part of it is not understood
 */
export async function parseRules(
  text: string,
  name: string,
  format?: RulesFormat,
): Promise<PolicyFor> {
  const value = await read(text, name);
  const chosen = format ?? formatOf(value);
  if (chosen === 'regctl') return parseOwn(await parseYaml(text));
  const policyFor = await TOOLS[chosen](value);
  return (repository) => {
    const tool = policyFor(repository);
    return tool === undefined ? undefined : toolPolicy(tool);
  };
}

async function read(text: string, name: string): Promise<unknown> {
  try {
    // JSON.parse keeps the types of numbers.
    return /^\s*[[{]/u.test(text) ? (JSON.parse(text) as unknown) : await parseYaml(text);
  } catch (error) {
    const rule = sanitize(error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : '');
    throw new AppError('USAGE', `cannot read ${name}: ${rule}`, { cause: error });
  }
}

function formatOf(value: unknown): RulesFormat {
  if (Array.isArray(value)) {
    const [first] = value as readonly unknown[];
    return isObject(first) && 'template' in first ? 'harbor' : 'gar';
  }
  if (!isObject(value)) return refuse('the file is neither a map nor a list');
  const [rule] = Array.isArray(value['rules']) ? (value['rules'] as readonly unknown[]) : [];
  if (isObject(rule) && 'rulePriority' in rule) return 'ecr';
  if (isObject(rule) && 'template' in rule) return 'harbor';
  if ('policies' in value || 'retention' in value) return 'zot';
  const gitlab = ['name_regex', 'name_regex_delete', 'name_regex_keep', 'keep_n', 'older_than'];
  return gitlab.some((key) => key in value) ? 'gitlab' : 'regctl';
}

function toolPolicy(tool: ToolPolicy): Policy {
  return {
    clock: 'auto',
    assumeCreated: false,
    needsList: false,
    needsDates: true,
    counts: 'tags',
    judge: (view) => judge(tool, view),
  };
}

/** A push takes several requests: a manifest without a tag may be about to get one. */
const GRACE = DAY;

/** Applies the tool's decision to each image; children and referrers are not separate images. */
function judge(tool: ToolPolicy, { graph, dates, now, protected: hard }: View): Judgement {
  const tagsOf = new Map<Digest, string[]>();
  for (const [tag, digest] of graph.tags) {
    const tags = tagsOf.get(digest);
    if (tags === undefined) tagsOf.set(digest, [tag]);
    else tags.push(tag);
  }
  const images: ToolImage[] = [];
  for (const { digest, pulled } of graph.manifests.values()) {
    const tags = tagsOf.get(digest) ?? [];
    const isOwn = graph.parentsOf(digest).length === 0 && !graph.isReferrer(digest);
    if (tags.length === 0 && !isOwn) continue;
    const at = pulled === undefined || pulled === null ? pulled : Date.parse(pulled);
    images.push({ digest, tags, time: dates.ofManifest(digest), pulled: at });
  }
  if (tool.needsPulls && images.some((image) => image.pulled === undefined)) {
    refuse('they ask when images were pulled, which this registry does not say');
  }
  const { tags: decided, untagged } = tool.decide(images, now);
  const tags = new Map<string, Decision>();
  for (const [tag, digest] of graph.tags) {
    const { keep, because } = decided.get(tag) ?? KEEP('undated');
    const held = protectorsOf(hard, digest).at(-1);
    tags.set(tag, {
      verdict: held !== undefined || keep ? 'keep' : 'delete',
      because: [held ?? because],
    });
  }
  const going = new Map<Digest, string>();
  for (const { digest, time } of images) {
    const decision = untagged.get(digest);
    if (decision?.keep === false && time !== undefined && now - time > GRACE)
      going.set(digest, decision.because);
  }
  return { tags, untagged: going, protect: allProtected(hard) };
}
