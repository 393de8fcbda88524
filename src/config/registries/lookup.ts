import { KNOWN_REGISTRIES, type KnownRegistry } from './table.ts';

/** What stands in for the braces of the table's texts, beyond the host's own groups. */
export interface AdviceSubject {
  readonly registry: string;
  readonly repository?: string | undefined;
}

/** Headers of an answer, as far as they tell what software gave it. */
export interface HeaderLines {
  all(name: string): readonly string[];
}

/**
 * The row of a registry: by its host, whole and exact, else by the signs of an answer. For texts
 * and defaults only; a look-alike host gets none, and signs prove nothing.
 */
export function knownRegistry(registry: string, headers?: HeaderLines): KnownRegistry | undefined {
  const host = registry.toLowerCase();
  return (
    KNOWN_REGISTRIES.find((row) => row.host?.test(host)) ??
    (headers && KNOWN_REGISTRIES.find((row) => matchesFingerprints(row, headers)))
  );
}

function matchesFingerprints({ fingerprints = [] }: KnownRegistry, headers: HeaderLines): boolean {
  return fingerprints.some(({ header, value }) =>
    headers.all(header).some((line) => value.test(line)),
  );
}

/** A text of the table with its braces filled in. What is not known stays a word to replace. */
export function fillTemplate(text: string, { registry, repository }: AdviceSubject): string {
  const host = registry.toLowerCase();
  const groups = KNOWN_REGISTRIES.flatMap((row) => {
    const found = row.host?.exec(host)?.groups;
    return found === undefined ? [] : Object.entries(found);
  });
  const values = new Map([...groups, ['host', host], ['repository', repository ?? 'NAME']]);
  return text.replaceAll(/\{([a-z]+)\}/gu, (whole, name: string) => values.get(name) ?? whole);
}

/** The command that logs in to a registry. */
export function loginCommand(
  subject: AdviceSubject,
  row = knownRegistry(subject.registry),
): string {
  return fillTemplate(row?.login ?? 'regctl login {host}', subject);
}

/** Which username and secret the registry takes, then the command: "Log in: regctl login R". */
export function loginAdvice(subject: AdviceSubject, row = knownRegistry(subject.registry)): string {
  const account = row?.account === undefined ? '' : `${fillTemplate(row.account, subject)} `;
  return `${account}Log in: ${loginCommand(subject, row)}`;
}
