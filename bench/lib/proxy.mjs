// A registry with Bearer authentication behind a latency: counts every request, adds `delayMs` to
// each, asks for tokens as docker-registry does and gives them out at /token of the same origin.
import { randomBytes } from 'node:crypto';
import { Agent, createServer, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './registry.mjs';

export const USER = 'bench';
export const PASSWORD = 'secret';
const BASIC = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;

export async function startProxy({ target, delayMs }) {
  const lines = [];
  const grants = new Map();
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const server = createServer((request, response) => {
    const arrived = performance.now();
    const line = `${request.method} ${request.url}`;
    const done = (status) => lines.push(`${line} ${status}`);
    const url = new URL(request.url, `http://${host}`);
    if (url.pathname === '/token') {
      void answerLater(request, url, response, { grants, delayMs, done });
      return;
    }
    const wanted = wantedScopes(request.method, url);
    if (!isGranted(request.headers.authorization, wanted, grants)) {
      setTimeout(() => done(challenge(request, response, host, wanted)), delayMs);
      return;
    }
    forward({ request, response, target, agent, arrived, delayMs, done });
  });
  server.keepAliveTimeout = 60_000;
  server.requestTimeout = 0;
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    host,
    /** The requests since the last call. */
    take: () => lines.splice(0),
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What docker-registry asks for (distribution registry/handlers/app.go, appendAccessRecords). */
function wantedScopes(method, url) {
  const match = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//u.exec(url.pathname);
  if (match === null) return url.pathname === '/v2/_catalog' ? ['registry:catalog:*'] : [];
  const actions = { GET: ['pull'], HEAD: ['pull'], DELETE: ['delete'] }[method] ?? ['pull', 'push'];
  const scopes = [`repository:${match[1]}:${actions.join(',')}`];
  const from = url.searchParams.get('from');
  if (from !== null) scopes.push(`repository:${from}:pull`);
  return scopes;
}

function isGranted(authorization, wanted, grants) {
  const granted = grants.get(/^Bearer (\S+)$/u.exec(authorization ?? '')?.[1]);
  return (
    granted !== undefined && wanted.every((scope) => expand(scope).every((s) => granted.has(s)))
  );
}

/** "repository:a:pull,push" as one scope per action. */
function expand(scope) {
  const at = scope.lastIndexOf(':');
  return scope
    .slice(at + 1)
    .split(',')
    .map((action) => `${scope.slice(0, at)}:${action}`);
}

function challenge(request, response, host, wanted) {
  request.resume();
  const scope = wanted.length === 0 ? '' : `,scope="${wanted.join(' ')}"`;
  response.writeHead(401, {
    'content-type': 'application/json',
    'docker-distribution-api-version': 'registry/2.0',
    'www-authenticate': `Bearer realm="http://${host}/token",service="bench"${scope}`,
  });
  response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
  return 401;
}

/** A GET with basic authentication, or an OAuth 2 POST (distribution docs/spec/auth/oauth.md). */
function answerToken(request, url, form, response, grants) {
  const allowed =
    request.method === 'POST'
      ? form.get('username') === USER && form.get('password') === PASSWORD
      : request.headers.authorization === BASIC;
  if (!allowed) {
    response.writeHead(401).end();
    return 401;
  }
  const token = randomBytes(24).toString('base64url');
  const asked = request.method === 'POST' ? form : url.searchParams;
  const scopes = asked.getAll('scope').flatMap((one) => one.split(' ').filter(Boolean));
  grants.set(token, new Set(scopes.flatMap(expand)));
  response.writeHead(200, { 'content-type': 'application/json' });
  const issued = new Date().toISOString();
  response.end(JSON.stringify({ token, access_token: token, expires_in: 300, issued_at: issued }));
  return 200;
}

async function answerLater(request, url, response, { grants, delayMs, done }) {
  const [form] = await Promise.all([readForm(request), delay(delayMs)]);
  done(answerToken(request, url, form, response, grants));
}

async function readForm(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

function forward({ request, response, target, agent, arrived, delayMs, done }) {
  const { method, url: path, headers } = request;
  const onward = httpRequest({
    host: '127.0.0.1',
    port: target.port,
    agent,
    method,
    path,
    headers,
  });
  onward.on('response', (answer) => {
    const left = Math.max(0, delayMs - (performance.now() - arrived));
    setTimeout(() => {
      done(answer.statusCode);
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    }, left);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}
