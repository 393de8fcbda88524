import type { Reply, ScriptedRequest } from '../scripted-server.ts';
import { Access, type Need } from './access.ts';
import { Content } from './content.ts';
import { page } from './lists.ts';
import { answerOwnApi } from './own-apis.ts';
import type { Refused, StandIn } from './types.ts';
import { Uploads } from './uploads.ts';

const UNKNOWN: Refused = { status: 404, code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' };

/** What is asked for of a repository: "/v2/NAME/KIND/REF". */
interface Asked {
  readonly name: string;
  readonly kind: string;
  readonly ref: string;
}

/** Plays one registry: what it is asked, it answers as its documents say, with what it was sent. */
export class Engine {
  readonly standIn: StandIn;
  readonly content = new Content();
  readonly access: Access;
  readonly #uploads: Uploads;
  #limited = false;

  constructor(standIn: StandIn) {
    this.standIn = standIn;
    this.access = new Access(standIn);
    this.#uploads = new Uploads(standIn, this.content);
    this.content.make(standIn.repository);
    this.content.make(standIn.neighbour);
  }

  /** From now on, everybody asks too much. */
  limit(): void {
    this.#limited = true;
  }

  /** `undefined`: a request that no client of this registry should make. */
  answer(request: ScriptedRequest): Reply | undefined {
    const host = request.headers.host ?? '';
    const url = new URL(request.path, `https://${host}`);
    const { auth, api, cdn } = this.standIn;
    const realm = auth.kind === 'bearer' ? new URL(auth.realm) : undefined;
    if (realm?.host === host && realm.pathname === url.pathname) {
      return this.access.exchange(request);
    }
    const own = answerOwnApi(this.standIn, this.content, request, url);
    if (own !== undefined) return own;
    if (host === cdn) return this.#fromCdn(request, url);
    if (host !== api) return undefined;
    const reply = this.#route(request, url);
    return reply && { ...reply, headers: { ...this.standIn.headers, ...reply.headers } };
  }

  #route(request: ScriptedRequest, url: URL): Reply | undefined {
    if (this.#limited) {
      return this.#refuse({ status: 429, code: 'TOOMANYREQUESTS', message: 'Rate exceeded' });
    }
    if (url.pathname === '/v2/')
      return this.#guarded(request, {}, () => ({ status: 200, body: '{}' }));
    if (url.pathname === '/v2/_catalog') {
      const need = { scope: 'registry:catalog:*' };
      return this.#guarded(request, need, () => this.#catalog(url));
    }
    const session = this.#uploads.find(url);
    if (session !== undefined) {
      const need = { scope: `repository:${session.name}:push` };
      return this.#guarded(request, need, () => this.#uploads.carryOn(request, url, session));
    }
    const asked = parse(url.pathname);
    // Whether it is a `regctl serve`: none of them is.
    if (url.pathname.includes('/_regctl/')) return { status: 404, body: '404 page not found' };
    if (asked === undefined) return undefined;
    const need = { scope: `repository:${asked.name}:${this.#action(request.method)}` };
    return this.#guarded(request, need, () => this.#inRepository(request, url, asked));
  }

  #guarded(request: ScriptedRequest, need: Need, then: () => Reply | undefined): Reply | undefined {
    return this.access.refuse(request, need) ?? then();
  }

  #action(method: string): string {
    if (method === 'GET' || method === 'HEAD') return 'pull';
    return method === 'DELETE' ? this.standIn.deleteAction : 'push';
  }

  #inRepository(request: ScriptedRequest, url: URL, asked: Asked): Reply | undefined {
    const { readOnly, unmade } = this.standIn;
    const { method } = request;
    const writes = method === 'POST' || method === 'PUT';
    if (writes && readOnly !== undefined) return this.standIn.body(readOnly);
    if (!this.content.isMade(asked.name)) {
      if (writes && unmade === undefined) this.content.make(asked.name);
      else return this.#refuse(writes && unmade !== undefined ? unmade : nameUnknown(asked.name));
    }
    switch (asked.kind) {
      case 'tags':
        return this.#tags(url, asked.name);
      case 'manifests':
        return this.#manifests(request, asked);
      case 'uploads':
        return method === 'POST' ? this.#uploads.open(url, asked.name) : undefined;
      case 'blobs':
        return this.#blob(method, asked);
      case 'referrers':
        return this.#referrers(asked);
      default:
        return undefined;
    }
  }

  #catalog(url: URL): Reply {
    const { catalog } = this.standIn;
    if (catalog !== 'lists') return this.#refuse(catalog);
    return page(this.standIn, url, this.content.names(), (repositories) => ({ repositories }));
  }

  #tags(url: URL, name: string): Reply {
    const { extra, junk } = this.standIn.lists;
    const tags = [...this.content.tags(name), ...(junk ?? [])];
    return page(this.standIn, url, tags, (entries) => ({ name, tags: entries, ...extra }));
  }

  #manifests(request: ScriptedRequest, { name, ref }: Asked): Reply {
    const { manifests, rateLimit } = this.standIn;
    if (request.method === 'PUT') {
      const type = request.headers['content-type'] ?? '';
      const digest = this.content.putManifest(name, ref, { type, bytes: request.body });
      const subject = this.#referrersOf(request.body);
      return { status: 201, headers: { ...this.#digestHeader(digest), ...subject } };
    }
    if (request.method === 'DELETE') return this.#delete(name, ref);
    if (request.method === 'HEAD' && manifests.head === 'refused') return { status: 405 };
    const found = this.content.manifest(name, ref);
    if (found === undefined) return this.#refuse(UNKNOWN);
    const bare = request.method === 'HEAD' && manifests.head === 'bare';
    return {
      status: 200,
      headers: {
        'content-type': found.type,
        ...(bare ? {} : this.#digestHeader(found.digest)),
        ...(bare ? {} : { 'content-length': String(found.bytes.length) }),
        ...rateLimit,
      },
      ...(request.method === 'HEAD' ? {} : { body: found.bytes }),
    };
  }

  /** A registry with the referrers API says that it has taken notice of a subject. */
  #referrersOf(manifest: Buffer): Record<string, string> {
    const { subject } = JSON.parse(manifest.toString()) as { subject?: { digest: string } };
    const noticed = this.standIn.referrers === 'index' && subject !== undefined;
    return noticed ? { 'oci-subject': subject.digest } : {};
  }

  #digestHeader(digest: string): Record<string, string> {
    return this.standIn.manifests.digestHeader ? { 'docker-content-digest': digest } : {};
  }

  #delete(name: string, ref: string): Reply {
    const { manifest, tag } = this.standIn.remove;
    const byDigest = ref.includes(':');
    const how = byDigest ? manifest : tag;
    if (typeof how !== 'string') return this.#refuse(how);
    if (this.content.manifest(name, ref) === undefined) return this.#refuse(UNKNOWN);
    if (how === 'untagged' && this.content.tagsOf(name, ref).length > 0) {
      const message = `Manifest is still referenced by tag ${this.content.tagsOf(name, ref)[0]}`;
      return this.#refuse({ status: 400, code: 'GOOGLE_MANIFEST_DANGLING_TAG', message });
    }
    if (how === 'unused' && this.content.tagsOf(name, ref).length > 0) {
      return this.#refuse({ status: 403, code: 'DENIED', message: 'manifest is referenced' });
    }
    if (byDigest) this.content.removeManifest(name, ref);
    else this.content.removeTag(name, ref);
    return { status: 202 };
  }

  #blob(method: string, { name, ref }: Asked): Reply {
    const bytes = this.content.blob(name, ref);
    if (bytes === undefined) {
      return this.#refuse({ status: 404, code: 'BLOB_UNKNOWN', message: 'blob unknown' });
    }
    const { cdn } = this.standIn;
    if (method === 'HEAD')
      return { status: 200, headers: { 'content-length': String(bytes.length) } };
    if (cdn === undefined) return { status: 200, body: bytes };
    const location = `https://${cdn}/${name}?digest=${ref}&X-Amz-Signature=presigned`;
    return { status: 307, headers: { location } };
  }

  /** A presigned URL is refused together with any Authorization. */
  #fromCdn({ headers }: ScriptedRequest, url: URL): Reply {
    if (headers.authorization !== undefined)
      return { status: 400, body: '<Error>InvalidArgument</Error>' };
    const bytes = this.content.blob(url.pathname.slice(1), url.searchParams.get('digest') ?? '');
    return bytes === undefined ? { status: 404 } : { status: 200, body: bytes };
  }

  #referrers({ name, ref }: Asked): Reply {
    const { referrers } = this.standIn;
    if (referrers === 'html') {
      return { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html>' };
    }
    if (typeof referrers !== 'string') return this.#refuse(referrers);
    const manifests = this.content.referring(name, ref);
    const type = 'application/vnd.oci.image.index.v1+json';
    return {
      status: 200,
      headers: { 'content-type': type },
      body: JSON.stringify({ schemaVersion: 2, mediaType: type, manifests }),
    };
  }

  #refuse(refused: Refused): Reply {
    return this.standIn.body(refused);
  }
}

function nameUnknown(name: string): Refused {
  return { status: 404, code: 'NAME_UNKNOWN', message: `repository ${name} not known` };
}

function parse(path: string): Asked | undefined {
  const found =
    /^\/v2\/(.+?)\/(?:(tags)\/(list)|(manifests|referrers|blobs)\/([^/]+)|blobs\/(uploads)\/)$/u.exec(
      path,
    );
  if (found === null) return undefined;
  const [, name = '', tags, , kind, ref = '', uploads] = found;
  return { name, kind: tags ?? uploads ?? kind ?? '', ref: decodeURIComponent(ref) };
}
