import type { Reply } from '../scripted-server.ts';
import type { Refused } from './types.ts';

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

/** distribution-spec v1.1.1, "Error Codes". */
export function standard({ status, code, message }: Refused): Reply {
  return reply(status, { errors: [{ code, message }] });
}

/** distribution adds what was wanted. */
export function detailed({ status, code, message }: Refused): Reply {
  const detail = [{ Type: 'repository', Class: '', Name: 'a/b', Action: 'pull' }];
  return reply(status, { errors: [{ code, message, detail }] });
}

/** Quay: detail first, and an empty object where there is none. */
export function quay({ status, code, message }: Refused): Reply {
  return reply(status, { errors: [{ code, detail: {}, message }] });
}

/** Artifactory's own answers carry the status in place of a code. */
export function artifactory({ status, message }: Refused): Reply {
  return reply(status, { errors: [{ status, message }] });
}

export function plain(status: number, body: unknown): Reply {
  return reply(status, body);
}

function reply(status: number, body: unknown): Reply {
  return { status, headers: JSON_TYPE, body: JSON.stringify(body) };
}
