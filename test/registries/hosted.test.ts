import { afterAll, beforeAll, describe } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { HOSTED } from '../helpers/stand-ins/hosted.ts';
import { hostsOf } from '../helpers/stand-ins/world.ts';
import { everyday } from './everyday.ts';

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates(...HOSTED.flatMap(hostsOf));
});
afterAll(() => certificates[Symbol.asyncDispose]());

describe.each(HOSTED.map((standIn) => [standIn.id, standIn] as const))('%s', (_id, standIn) => {
  everyday(standIn, () => certificates);
});
