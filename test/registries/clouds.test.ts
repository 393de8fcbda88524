import { describe } from 'vitest';
import { CLOUDS } from '../helpers/stand-ins/clouds.ts';
import { everyday } from './everyday.ts';

describe.each(CLOUDS.map((standIn) => [standIn.id, standIn] as const))('%s', (_id, standIn) => {
  everyday(standIn);
});
