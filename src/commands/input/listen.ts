import { isLoopback } from '../../config/host-name.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Input } from '../types.ts';
import { readText } from './read.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Whether only this machine can reach it. */
  readonly isLocal: boolean;
}

/** The address of `--listen`. @throws AppError USAGE */
export function readListen(input: Input, standard: string): ListenAddress {
  return parseListen(readText(input, 'listen') ?? standard, '--listen');
}

/** Parses "127.0.0.1:5000", "[::1]:5000", ":5000" (all addresses), "5000". @throws AppError */
export function parseListen(text: string, option: string): ListenAddress {
  const match = /^(?:(\[[0-9a-f:.]+\]|[^:[\]/\s]*):)?(\d{1,5})$/iu.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new AppError('USAGE', `${option} takes an address with a port, not "${text}"`, {
      hint: 'For example 127.0.0.1:5000, [::1]:5000 or :5000 for every address.',
    });
  }
  const named = match[1] === undefined ? '127.0.0.1' : match[1].replace(/^\[|\]$/gu, '');
  const host = named === '' ? '0.0.0.0' : named;
  return { host, port, isLocal: isLoopback(host) };
}
