import { judge } from './judge.ts';
import type { Policy } from './plan.ts';
import { createRules, needsDates, type RuleWords } from './rules.ts';

/**
 * Creates a policy from the options of `prune` or the keys of a rules file.
 * @throws AppError USAGE
 */
export async function createPolicy(words: RuleWords): Promise<Policy> {
  const rules = await createRules(words);
  const { clock, assumeCreated, kinds } = rules;
  return {
    clock,
    assumeCreated,
    needsList: kinds.size > 0,
    needsDates: needsDates(rules),
    counts: kinds.size > 0 ? 'manifests' : 'tags',
    judge: (view) => judge(rules, view),
  };
}
