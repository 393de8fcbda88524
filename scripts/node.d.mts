import type { SpawnOptions } from 'node:child_process';

/** A program's exit status and its combined output. */
export interface Finished {
  readonly status: number | null;
  readonly text: string;
}

export function isSupported(version: string, range?: string): boolean;
export function fetchNode(line?: 22 | 24 | 26): Promise<string>;
export function npmCli(): string;
export function run(
  command: string,
  args: readonly string[],
  options?: SpawnOptions,
): Promise<Finished>;
export function runUnderNode(file: string, args: readonly string[]): Promise<void>;
export function installPackages(): Promise<void>;
