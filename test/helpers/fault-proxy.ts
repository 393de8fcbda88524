import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What goes wrong with one request. Bytes count the body. */
export type Fault =
  /** Answered in the registry's place, at once; what comes of the body is dropped. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: OutgoingHttpHeaders;
      readonly body?: string;
      /** The connection is closed behind the answer, whatever still comes. */
      readonly close?: boolean;
    }
  /** The connection is reset before anything is passed on. */
  | { readonly kind: 'reset' }
  /** The request goes through and its answer is lost, or another takes its place. */
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'spoil-answer'; readonly status: number }
  /** The request's body ends after so many bytes, on both sides. */
  | { readonly kind: 'cut-up'; readonly after: number }
  /** So many bytes of the request's body reach the registry; then this is the answer. */
  | {
      readonly kind: 'answer-up';
      readonly after: number;
      readonly status: number;
      readonly headers?: OutgoingHttpHeaders;
      readonly close?: boolean;
    }
  | { readonly kind: 'cut-down'; readonly after: number }
  /** Nothing more is taken, or given, and the connection stays open. */
  | { readonly kind: 'stall-up'; readonly after: number }
  | { readonly kind: 'stall-down'; readonly after: number }
  /** From there on a byte every few milliseconds. */
  | { readonly kind: 'drip-down'; readonly after: number }
  /** One byte of the body is another one. */
  | { readonly kind: 'corrupt-up'; readonly at: number }
  | { readonly kind: 'corrupt-down'; readonly at: number }
  /** The answer says another length than it has. */
  | { readonly kind: 'wrong-length'; readonly by: number }
  /** More bytes than the content has, without a length. */
  | { readonly kind: 'extra-bytes' }
  /** `Range` does not reach the registry. */
  | { readonly kind: 'ignore-range' }
  /** The answer claims to start a byte later than it does. */
  | { readonly kind: 'wrong-range' };

/** Called for each request; `count`: requests of this method and kind so far, from 1. */
export type Schedule = (
  request: {
    readonly method: string;
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
  },
  count: number,
) => Fault | undefined;

export interface FaultProxy extends AsyncDisposable {
  readonly host: string;
  readonly origin: string;
  /** "GET /v2/a/manifests/x" lines as they arrive. */
  readonly lines: string[];
  /** Body bytes given to the client, passed on to the registry, and taken in vain. */
  readonly bytes: { down: number; up: number; dropped: number };
  schedule: Schedule;
  /**
   * Lets go of every connection. What stands still is not read, so that the end of a killed client
   * may wait behind its data, unseen.
   */
  drop(): void;
}

/** Forwards to a plain-HTTP registry, keeping the Host header, and does harm as scheduled. */
export async function startFaultProxy(
  target: { readonly port: number },
  schedule: Schedule = () => undefined,
): Promise<FaultProxy> {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const bytes = { down: 0, up: 0, dropped: 0 };
  const counts = new Map<string, number>();
  const state = { schedule };
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request;
    lines.push(`${method} ${path}`);
    const kind = `${method} ${path.split('/').at(-2) ?? ''}`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const fault = state.schedule({ method, path, headers }, count);
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    handle({ request, response, target, bytes, fault });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}`,
    lines,
    bytes,
    get schedule() {
      return state.schedule;
    },
    set schedule(value) {
      state.schedule = value;
    },
    drop() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: { readonly port: number };
  readonly bytes: FaultProxy['bytes'];
  readonly fault: Fault | undefined;
}

function handle(passage: Passage): void {
  const { request, fault } = passage;
  if (fault?.kind === 'reset') {
    request.socket.resetAndDestroy();
    return;
  }
  if (fault?.kind === 'answer') {
    drop(passage);
    giveOwn(passage, fault);
    return;
  }
  forward(passage);
}

function forward(passage: Passage): void {
  const { request, response, target, fault } = passage;
  const { range, ...others } = request.headers;
  const headers =
    fault?.kind === 'ignore-range' || range === undefined ? others : { ...others, range };
  const onward = httpRequest({
    host: '127.0.0.1',
    port: target.port,
    agent: false,
    method: request.method,
    path: request.url,
    headers,
  });
  let answered = false;
  onward.on('error', () => {
    if (!answered) request.socket.destroy();
  });
  onward.on('response', (answer) => {
    if (answered) return void answer.resume();
    answered = true;
    answer.on('error', () => response.destroy());
    if (fault?.kind === 'lose-answer') {
      answer.on('end', () => request.socket.destroy()).resume();
      return;
    }
    if (fault?.kind === 'spoil-answer') {
      answer.resume();
      response.writeHead(fault.status, { 'content-length': '0' }).end();
      return;
    }
    giveAnswer(passage, answer);
  });
  response.on('close', () => onward.destroy());
  passUp(passage, onward, () => {
    answered = true;
  });
}

/** The rest of a body, counted and forgotten. */
function drop({ request, bytes }: Passage): void {
  request.on('data', (chunk: Buffer) => void (bytes.dropped += chunk.byteLength)).resume();
}

function giveOwn(
  { request, response }: Passage,
  { status, headers, body, close }: Fault & { kind: 'answer' | 'answer-up'; body?: string },
): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body ?? ''), ...headers });
  response.end(body, () => {
    if (close === true) request.socket.destroySoon();
  });
}

function passUp(
  passage: Passage,
  onward: ReturnType<typeof httpRequest>,
  endHere: () => void,
): void {
  const { request, bytes, fault } = passage;
  let seen = 0;
  let written = Promise.resolve();
  const limit =
    fault !== undefined && 'after' in fault && fault.kind.endsWith('-up') ? fault.after : Infinity;
  const reached = (): void => {
    request.pause();
    request.removeAllListeners('data');
    if (fault?.kind === 'stall-up') return;
    endHere();
    void (async () => {
      await endAfterData(onward, written);
      if (fault?.kind !== 'answer-up') return void request.socket.destroy();
      drop(passage);
      giveOwn(passage, fault);
    })();
  };
  request.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, Math.max(0, limit - seen));
    if (fault?.kind === 'corrupt-up') flip(part, fault.at - seen);
    seen += part.byteLength;
    bytes.up += part.byteLength;
    if (part.byteLength > 0) {
      written = new Promise((resolve) => {
        if (onward.write(part, () => resolve())) return;
        request.pause();
        onward.once('drain', () => request.resume());
      });
    }
    if (part.byteLength < chunk.byteLength || seen >= limit) reached();
  });
  request.on('end', () => onward.end());
  request.on('close', () => {
    if (!request.complete) onward.destroy();
  });
}

/** Ends an unfinished request; goes on when the registry has had every byte and given up on it. */
async function endAfterData(
  onward: ReturnType<typeof httpRequest>,
  written: Promise<void>,
): Promise<void> {
  await written;
  const { socket } = onward;
  if (socket === null || socket.destroyed) onward.destroy();
  else await new Promise<void>((resolve) => socket.once('close', () => resolve()).end());
}

function giveAnswer({ response, bytes, fault }: Passage, answer: IncomingMessage): void {
  const headers: OutgoingHttpHeaders = { ...answer.headers };
  const length = Number(headers['content-length'] ?? 0);
  if (fault?.kind === 'wrong-length') headers['content-length'] = String(length + fault.by);
  if (fault?.kind === 'extra-bytes') delete headers['content-length'];
  const range = /^bytes (\d+)-(.*)$/u.exec(headers['content-range'] ?? '');
  if (fault?.kind === 'wrong-range' && range !== null) {
    headers['content-range'] = `bytes ${Number(range[1]) + 1}-${range[2] ?? ''}`;
  }
  const dripping = fault?.kind === 'drip-down';
  const cut = dripping || fault?.kind === 'cut-down' || fault?.kind === 'stall-down';
  const limit = cut ? fault.after : Infinity;
  let seen = 0;
  response.strictContentLength = false;
  response.writeHead(answer.statusCode ?? 502, headers);
  const ended = (): void => {
    if (fault?.kind === 'stall-down') return;
    response.socket?.destroySoon();
  };
  answer.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, Math.max(0, limit - seen));
    if (fault?.kind === 'corrupt-down') flip(part, fault.at - seen);
    seen += part.byteLength;
    bytes.down += part.byteLength;
    const full = part.byteLength > 0 && !response.write(part);
    if (seen >= limit) {
      answer.destroy();
      if (dripping) return drip(response, chunk.subarray(part.byteLength));
      if (full) response.once('drain', ended);
      else ended();
      return;
    }
    if (full) {
      answer.pause();
      response.once('drain', () => answer.resume());
    }
  });
  answer.on('end', () => {
    // A short answer is complete when it is stopped.
    if (cut && seen >= limit) return;
    if (fault?.kind === 'extra-bytes') response.write('extra');
    if (fault?.kind === 'wrong-length') ended();
    else response.end();
  });
}

function drip(response: ServerResponse, rest: Uint8Array): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at === rest.byteLength) response.end();
    else response.write(rest.subarray(at, (at += 1)));
  }, 20);
  response.on('close', () => clearInterval(timer));
}

function flip(part: Buffer, at: number): void {
  if (at >= 0 && at < part.byteLength) part[at] = (part[at] ?? 0) ^ 0xff;
}
