// A registry in front of which a proxy does harm: answers in its place, or cuts bodies.
import { createServer, request as httpRequest } from 'node:http';

/** `plan(request)` names the harm for one request, or nothing; `bytes` counts bodies. */
export async function startHarm(target) {
  const bytes = { down: 0, up: 0 };
  const state = { plan: () => undefined, requests: 0 };
  const server = createServer((request, response) => {
    state.requests += 1;
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const harm = state.plan(request);
    if (harm?.status === undefined) forward({ request, response, target, bytes, harm });
    else {
      request.resume();
      response.writeHead(harm.status, harm.headers ?? {}).end();
    }
  });
  server.requestTimeout = 0;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${server.address().port}`,
    /** Begins a run with this harm. */
    begin(plan) {
      Object.assign(bytes, { down: 0, up: 0 });
      Object.assign(state, { plan, requests: 0 });
    },
    bytes,
    get requests() {
      return state.requests;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward({ request, response, target, bytes, harm }) {
  const { method, url: path, headers } = request;
  const to = { host: '127.0.0.1', port: target.port, agent: false, method, path, headers };
  const onward = httpRequest(to);
  onward.on('error', () => request.socket.destroy());
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    pass(answer, response, harm?.cutDown ?? Infinity, {
      count: (size) => {
        bytes.down += size;
      },
      end: () => request.socket.destroy(),
    });
  });
  response.on('close', () => onward.destroy());
  pass(request, onward, harm?.cutUp ?? Infinity, {
    count: (size) => {
      bytes.up += size;
    },
    end: () => {
      onward.destroy();
      request.socket.destroy();
    },
  });
}

/** Passes bytes on up to a limit, and then ends badly. */
function pass(from, to, limit, { count, end }) {
  let seen = 0;
  from.on('data', (chunk) => {
    const part = chunk.subarray(0, Math.max(0, limit - seen));
    seen += part.length;
    count(part.length);
    const full = part.length > 0 && !to.write(part);
    if (seen >= limit) {
      from.pause();
      from.removeAllListeners('data');
      // The other side shall have what was passed on before the connection ends.
      setTimeout(() => end(), 50);
    } else if (full) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
  from.on('end', () => to.end());
  from.on('error', () => undefined);
}
