import { digestOf } from '../../../src/oci/digest.ts';
import type { Reply, ScriptedRequest } from '../scripted-server.ts';
import type { Content } from './content.ts';
import type { StandIn } from './types.ts';

interface Session {
  readonly name: string;
  readonly path: string;
  bytes: Buffer;
  answers: number;
}

/** Upload sessions of one stand-in. */
export class Uploads {
  readonly #standIn: StandIn;
  readonly #content: Content;
  readonly #sessions = new Map<string, Session>();
  #count = 0;

  constructor(standIn: StandIn, content: Content) {
    this.#standIn = standIn;
    this.#content = content;
  }

  find(url: URL): Session | undefined {
    return this.#sessions.get(url.pathname);
  }

  open(url: URL, name: string): Reply {
    const { uploads } = this.#standIn;
    const mount = url.searchParams.get('mount');
    const from = url.searchParams.get('from');
    if (
      uploads.mounts &&
      mount !== null &&
      from !== null &&
      this.#content.mount(name, mount, from)
    ) {
      return { status: 201, headers: { location: `/v2/${name}/blobs/${mount}` } };
    }
    this.#count += 1;
    const path = uploads.path.replace('{name}', name).replace('{id}', `session-${this.#count}`);
    const session = { name, path, bytes: Buffer.alloc(0), answers: 0 };
    this.#sessions.set(path, session);
    return this.#accepted(session);
  }

  carryOn(request: ScriptedRequest, url: URL, session: Session): Reply | undefined {
    const { uploads, body } = this.#standIn;
    const state = uploads.state === undefined ? null : url.searchParams.get(uploads.state);
    if (uploads.state !== undefined && state !== `s${session.answers}`) {
      return body({ status: 416, code: 'RANGE_INVALID', message: 'state of another answer' });
    }
    const ranged = request.headers['content-range'] !== undefined;
    if (ranged && request.body.length > (uploads.maxRange ?? Infinity)) {
      const message = 'the maximum permissible limit of 4.00MiB';
      return body({ status: 416, code: 'REQUESTED_RANGE_NOT_SATISFIABLE', message });
    }
    switch (request.method) {
      case 'DELETE':
        this.#sessions.delete(session.path);
        return { status: 204 };
      case 'GET':
        return { ...this.#accepted(session), status: 204 };
      case 'PATCH':
        session.bytes = Buffer.concat([session.bytes, request.body]);
        return this.#accepted(session);
      case 'PUT':
        return this.#close(request, url, session);
      default:
        return undefined;
    }
  }

  #close(request: ScriptedRequest, url: URL, session: Session): Reply {
    const digest = url.searchParams.get('digest') ?? '';
    const bytes = Buffer.concat([session.bytes, request.body]);
    if (digestOf(bytes) !== digest) {
      return this.#standIn.body({ status: 400, code: 'DIGEST_INVALID', message: 'other content' });
    }
    this.#sessions.delete(session.path);
    this.#content.putBlob(session.name, digest, bytes);
    return { status: 201, headers: { location: `/v2/${session.name}/blobs/${digest}` } };
  }

  #accepted(session: Session): Reply {
    const { api, uploads } = this.#standIn;
    session.answers += 1;
    const query = uploads.state === undefined ? '' : `?${uploads.state}=s${session.answers}`;
    const origin = { relative: '', absolute: `https://${api}`, 'plain-http': `http://${api}` };
    return {
      status: 202,
      headers: {
        location: `${origin[uploads.location]}${session.path}${query}`,
        range: `0-${Math.max(0, session.bytes.length - 1)}`,
      },
    };
  }
}
