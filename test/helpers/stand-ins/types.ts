import type { Reply } from '../scripted-server.ts';

/** A refusal by its parts; each stand-in words it in its registry's own shape. */
export interface Refused {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export interface Bearer {
  readonly kind: 'bearer';
  /** "https://auth.docker.io/token" */
  readonly realm: string;
  readonly service: string;
  /** Whether the challenge of /v2/ names the service too. */
  readonly serviceOnPing?: false;
  /** Scheme as it is written on the wire. */
  readonly scheme?: 'bearer';
  /** Field of the answer that holds the token. */
  readonly field: 'token' | 'access_token' | 'both';
  /** Absent: the answer does not say. */
  readonly expiresIn?: number;
  /** Status of a POST to the realm; absent: refresh tokens are exchanged there. */
  readonly postStatus?: number;
  /** What a wrong login is told by the realm. */
  readonly wrongLogin: Reply;
  /** Actions that make the realm refuse the whole request. */
  readonly refusesActions?: readonly string[];
  /** Refused by the realm to everybody. */
  readonly refusedScope?: string;
  /** Status for a token that it did not issue; absent: 401 with the challenge. */
  readonly staleStatus?: number;
}

export interface Basic {
  readonly kind: 'basic';
  /** The whole header. */
  readonly challenge: string;
}

export interface Lists {
  /** Most entries of a page, whatever was asked for. */
  readonly page: number;
  readonly link: 'relative' | 'absolute' | 'plain-http' | 'prev-next' | 'lost-key' | 'none';
  /** Parameter that holds the place of the next page. */
  readonly cursor: 'last' | 'next_page' | 'nextToken';
  /** More than this for `n` is refused. */
  readonly maxN?: { readonly n: number; readonly refused: Refused };
  /** Mixed in with the names: nulls, digests. */
  readonly junk?: readonly unknown[];
  /** Fields of the tag list beside name and tags. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** A registry as its documents describe it; `engine.ts` plays it. */
export interface StandIn {
  /** The row of `registries/table.ts`. */
  readonly id: string;
  /** As a person writes it. */
  readonly registry: string;
  readonly api: string;
  /** Where blobs are sent from; absent: the registry itself. */
  readonly cdn?: string;
  readonly repository: string;
  /** Another repository that may be written to. */
  readonly neighbour: string;
  readonly login: { readonly username: string; readonly password: string };
  /** Good at a POST to the realm. */
  readonly refreshToken?: string;
  readonly auth: Bearer | Basic;
  /** A challenge of its own for the catalog. */
  readonly catalogChallenge?: string | undefined;
  readonly anonymous: 'pull' | 'nothing' | 'everything';
  /** Action that a token needs to delete. */
  readonly deleteAction: 'delete' | 'push';
  readonly body: (refused: Refused) => Reply;
  readonly lists: Lists;
  readonly catalog: 'lists' | Refused;
  readonly manifests: {
    readonly digestHeader: boolean;
    readonly head: 'full' | 'bare' | 'refused';
  };
  readonly uploads: {
    /** How `Location` is written. */
    readonly location: 'relative' | 'absolute' | 'plain-http';
    /** Path of a session: its id takes the place of `{id}`. */
    readonly path: string;
    /** A query that changes with every answer. */
    readonly state?: string;
    readonly mounts: boolean;
    /** Most bytes of a request with Content-Range. */
    readonly maxRange?: number;
  };
  readonly remove: {
    /** `unused`: 403 while a tag points to it, as Docker Hub is said to answer. */
    readonly manifest: 'yes' | 'untagged' | 'unused' | Refused;
    readonly tag: 'yes' | Refused;
  };
  readonly referrers: 'index' | 'html' | Refused;
  /** Answer to a push into a repository or project that nobody made. */
  readonly unmade?: Refused;
  /** Answer to every push. */
  readonly readOnly?: Refused;
  readonly headers?: Readonly<Record<string, string>>;
  readonly rateLimit?: Readonly<Record<string, string>>;
}
