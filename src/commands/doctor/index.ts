import { accessCheck } from './checks/access.ts';
import { apiCheck } from './checks/api.ts';
import { cacheCheck } from './checks/cache.ts';
import { challengeCheck } from './checks/challenge.ts';
import type { Check } from './check.ts';
import { clockCheck } from './checks/clock.ts';
import { credentialsCheck } from './checks/credentials.ts';
import { dnsCheck, tcpCheck } from './checks/network.ts';
import { filesCheck } from './checks/files.ts';
import { mirrorsCheck } from './checks/mirrors.ts';
import { nameCheck } from './checks/name.ts';
import { proxyCheck } from './checks/proxy.ts';
import { rateLimitCheck } from './checks/rate-limit.ts';
import { schemeCheck } from './checks/scheme.ts';
import { tlsCheck } from './checks/tls.ts';
import { tokenCheck } from './checks/token.ts';

/** All checks in their order: a check needs only facts of earlier ones. */
export const CHECKS: readonly Check[] = [
  nameCheck,
  filesCheck,
  proxyCheck,
  dnsCheck,
  tcpCheck,
  schemeCheck,
  tlsCheck,
  apiCheck,
  challengeCheck,
  credentialsCheck,
  tokenCheck,
  accessCheck,
  clockCheck,
  mirrorsCheck,
  rateLimitCheck,
  cacheCheck,
];
