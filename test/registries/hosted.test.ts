import { describe } from 'vitest';
import { HOSTED } from '../helpers/stand-ins/hosted.ts';
import { everyday } from './everyday.ts';

describe.each(HOSTED.map((standIn) => [standIn.id, standIn] as const))('%s', (_id, standIn) => {
  everyday(standIn);
});
