import { expect } from 'vitest';

/** An error as `-o json` prints it. */
export interface PrintedError {
  readonly code: string;
  readonly message: string;
  readonly reason?: string;
  readonly hint: string | null;
  readonly exit: number;
}

/** Longest title, names left out. */
const MAX_TITLE = 120;
/** What belongs to `--debug` only: system codes, OpenSSL's texts, and parts joined without care. */
const INNARDS = /\n|: :|: ?$|\bE[A-Z]{4,}\b|error:[0-9A-F]{8}|ssl3_|undefined|\[object /u;
const NAMES = /"[^"]*"|\S*[/:.@]\S*[/:.@]\S*|\S{40,}/gu;
/** A sentence, or a command after a colon. */
const HINT =
  /^(?:"|[A-Z]).*(?:[.?]|: (?:regctl|aws|az|gcloud|gh|echo|cosign|htpasswd|ulimit|dmesg|-).*|: \S+)$/su;

/** The grammar of errors: a title of one line, facts that it lacks, and what to do. */
export function expectGrammar(error: PrintedError, stderr: string): void {
  const { message, reason, hint } = error;
  expect(message).not.toMatch(INNARDS);
  expect(message, 'no capital, unless a name comes first').toMatch(/^(?:[^A-Z]|[A-Z]\S*[/.:=])/u);
  expect(message, 'no final period').not.toMatch(/[.!:]$/u);
  expect(message.replace(NAMES, 'N').length, message).toBeLessThanOrEqual(MAX_TITLE);
  if (reason !== undefined) {
    expect(reason).not.toMatch(INNARDS);
    expect(reason, 'nothing twice').not.toContain(message);
  }
  if (hint !== null) expect(hint).toMatch(HINT);
  const lines = stderr.trimEnd().split('\n');
  const start = lines.findIndex((line) => line.startsWith('error: '));
  expect(lines.slice(start).length, stderr).toBeLessThanOrEqual(3);
  expect(lines[start]).toBe(`error: ${message}`);
}
