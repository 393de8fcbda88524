import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';

export interface EngineWords {
  /** What failed: the start of the title. */
  readonly what: string;
  readonly words: string;
  /** All that the engine wrote. Default: `words`. */
  readonly text?: string | undefined;
  /** How to see what takes the room. */
  readonly usage: string;
  /** For any other failure. */
  readonly hint: string;
}

const FULL = /(?:\b[a-z]+ \/[^\s:"]+: )?(?:no space left on device|disk quota exceeded)/iu;
const MAX_WORDS = 300;

/**
 * A container engine's failure in its own words. Engines wrap that a disk is full in long texts about
 * formats, so then only that is said.
 */
export function engineFailure({ what, words, text = words, usage, hint }: EngineWords): AppError {
  const [full] = FULL.exec(text) ?? [];
  return full === undefined
    ? new AppError('ENGINE_ERROR', `${what}: ${sanitize(words.slice(0, MAX_WORDS))}`, { hint })
    : new AppError('NO_SPACE', `${what}: ${sanitize(full.slice(0, MAX_WORDS))}`, {
        hint: `Make room on its disk: ${usage}`,
      });
}
