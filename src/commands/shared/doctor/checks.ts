import { accessCheck } from './access.ts';
import { apiCheck } from './api.ts';
import { cacheCheck } from './cache.ts';
import { challengeCheck } from './challenge.ts';
import type { Check } from './check.ts';
import { clockCheck } from './clock.ts';
import { credentialsCheck } from './credentials.ts';
import { dnsCheck } from './dns.ts';
import { filesCheck } from './files.ts';
import { mirrorsCheck } from './mirrors.ts';
import { nameCheck } from './name.ts';
import { proxyCheck } from './proxy.ts';
import { rateLimitCheck } from './rate-limit.ts';
import { schemeCheck } from './scheme.ts';
import { tcpCheck } from './tcp.ts';
import { tlsCheck } from './tls.ts';
import { tokenCheck } from './token.ts';

/** THE order of the checks: from the name to what the registry allows. */
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
