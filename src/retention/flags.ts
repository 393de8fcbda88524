import { judge } from './judge.ts';
import type { Policy } from './plan.ts';
import { createRules, needsDates, type RuleWords } from './rules.ts';

/** The options of `prune`, and the keys of a rules file, as a policy. @throws AppError USAGE */
export async function createPolicy(words: RuleWords): Promise<Policy> {
  const rules = await createRules(words);
  const { clock, assumeCreated, kinds } = rules;
  return {
    clock,
    assumeCreated,
    needsList: kinds.size > 0,
    needsDates: needsDates(rules),
    needsPulls: false,
    counts: kinds.size > 0 ? 'manifests' : 'tags',
    judge: (view) => judge(rules, view),
  };
}
