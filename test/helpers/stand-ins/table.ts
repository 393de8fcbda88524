import { CLOUDS } from './clouds.ts';
import { HOSTED } from './hosted.ts';
import type { StandIn } from './types.ts';

/** One stand-in a row of `registries/table.ts`, from what the registries document of themselves. */
export const STAND_INS: readonly StandIn[] = [...CLOUDS, ...HOSTED];
