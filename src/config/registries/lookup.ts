import { KNOWN_REGISTRIES, type KnownRegistry } from './table.ts';

/** Values for the placeholders of the table's texts, in addition to the host's own groups. */
export interface AdviceSubject {
  readonly registry: string;
  readonly repository?: string | undefined;
}

/** Headers of an answer that can identify the registry's software. */
export interface HeaderLines {
  all(name: string): readonly string[];
}

/**
 * Finds the row of a registry by its exact host, else by the fingerprints of an answer. It is only
 * for texts and defaults: anyone can imitate a fingerprint.
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

/** Fills in the placeholders of a text. An unknown value stays a word to replace. */
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

/** Which username and secret the registry accepts, then the command: "Log in: regctl login R". */
export function loginAdvice(subject: AdviceSubject, row = knownRegistry(subject.registry)): string {
  const account = row?.account === undefined ? '' : `${fillTemplate(row.account, subject)} `;
  return `${account}Log in: ${loginCommand(subject, row)}`;
}
