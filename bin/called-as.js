const HELPER = 'docker-credential-regctl';
const VERBS = new Set(['get', 'store', 'erase', 'list']);

/**
 * Whether the program is asked to be Docker's credential helper: by the name of a link, by its name as
 * the first argument, which is then removed, or, where a start script of Windows or pnpm hides the name,
 * by a verb of the helpers' protocol without a terminal. regctl has no commands of these names.
 */
module.exports = function calledAsHelper(process) {
  const [, path = '', first, ...rest] = process.argv;
  if (first === HELPER) {
    process.argv.splice(2, 1);
    return true;
  }
  const name = path.replace(/^.*[\\/]/u, '');
  if (name.replace(/\.(?:exe|cmd)$/iu, '') === HELPER) return true;
  return name === 'regctl.js' && rest.length === 0 && VERBS.has(first) && !process.stdin.isTTY;
};
