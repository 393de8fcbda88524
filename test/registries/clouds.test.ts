import { afterAll, beforeAll, describe } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { CLOUDS } from '../helpers/stand-ins/clouds.ts';
import { hostsOf } from '../helpers/stand-ins/world.ts';
import { everyday } from './everyday.ts';

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates(...CLOUDS.flatMap(hostsOf));
});
afterAll(() => certificates[Symbol.asyncDispose]());

describe.each(CLOUDS.map((standIn) => [standIn.id, standIn] as const))('%s', (_id, standIn) => {
  everyday(standIn, () => certificates);
});
