import type { Digest } from '../../src/oci/digest.ts';
import type { RuleWords } from '../../src/retention/rules.ts';
import { NOW, type Body, type World } from './random.ts';

/**
 * What `prune` has to come to, computed from the bytes in the plainest and slowest way, and with
 * nothing of `src/retention/`: a second opinion.
 */
export interface Verdict {
  /** Tags by name that go. */
  readonly tags: ReadonlySet<string>;
  readonly manifests: ReadonlySet<Digest>;
  /** All that can be seen. */
  readonly seen: ReadonlySet<Digest>;
  /** Nothing has a date to order by. */
  readonly refused: boolean;
}

const SPECIAL = /^sha256-([0-9a-f]{64})(\.(sig|att|sbom))?$/u;
const SPANS: Readonly<Record<string, number>> = { h: 3.6e6, d: 8.64e7 };
const span = (text: string): number => Number.parseInt(text, 10) * (SPANS[text.slice(-1)] ?? 0);

export function oracle(
  world: World,
  rules: RuleWords,
  { canList, moved }: { readonly canList: boolean; readonly moved: ReadonlySet<string> },
): Verdict {
  const bodies = new Map([...world.manifests].map(([digest, { body }]) => [digest, body]));
  const childrenOf = (digest: Digest): Digest[] =>
    (bodies.get(digest)?.manifests ?? []).map((one) => one.digest);
  const special = [...world.tags].filter(([tag]) => SPECIAL.test(tag));
  const plain = [...world.tags].filter(([tag]) => !SPECIAL.test(tag));
  const named = (tag: string): Digest => `sha256:${SPECIAL.exec(tag)?.[1]}` as Digest;
  const subjectsOf = (digest: Digest): Digest[] => [
    ...(bodies.get(digest)?.subject === undefined ? [] : [bodies.get(digest)!.subject!.digest]),
    ...special.filter(([, at]) => at === digest).map(([tag]) => named(tag)),
  ];

  let seen = new Set<Digest>(canList ? bodies.keys() : world.tags.values());
  for (;;) {
    const more = new Set(seen);
    for (const digest of seen) {
      for (const one of childrenOf(digest)) more.add(one);
      for (const one of subjectsOf(digest)) more.add(one);
    }
    for (const digest of bodies.keys()) {
      if (subjectsOf(digest).some((one) => seen.has(one))) more.add(digest);
    }
    const known = new Set([...more].filter((one) => bodies.has(one)));
    if (known.size === seen.size) break;
    seen = known;
  }
  const all = [...seen].filter((one) => bodies.has(one));
  const parentsOf = (digest: Digest): Digest[] => all.filter((p) => childrenOf(p).includes(digest));

  const attests = new Set(
    [...bodies.values()].flatMap((body) =>
      (body.manifests ?? [])
        .filter((one) => one.annotations !== undefined)
        .map((one) => one.digest),
    ),
  );
  const parse = (text: string | undefined): number | undefined => {
    const time = Date.parse(text ?? '');
    return Number.isNaN(time) || new Date(time).getUTCFullYear() <= 1980 ? undefined : time;
  };
  const created = (digest: Digest): number | undefined => {
    const body = bodies.get(digest) as Body;
    const note = parse(body.annotations?.['org.opencontainers.image.created']);
    if (note !== undefined) return note;
    if (body.manifests !== undefined) {
      const times = childrenOf(digest)
        .filter((one) => all.includes(one) && !attests.has(one))
        .map(created)
        .filter((one) => one !== undefined);
      return times.length === 0 ? undefined : Math.max(...times);
    }
    const config = JSON.parse(world.blobs.get(body.config!.digest) ?? '{}') as { created?: string };
    return parse(config.created);
  };
  const builds = new Set(plain.map(([, digest]) => digest));
  const known = [...builds].map(created).filter((one) => one !== undefined);
  const oneForAll = known.length > 1 && known.every((one) => one === known[0]);
  const date = (digest: Digest): number | undefined =>
    oneForAll && builds.has(digest) ? undefined : created(digest);

  const old = (digest: Digest): boolean => {
    const time = date(digest);
    return (
      rules.olderThan === undefined || (time !== undefined && NOW - time > span(rules.olderThan))
    );
  };
  const matches = (pattern: string, tag: string): boolean =>
    pattern.startsWith('/')
      ? new RegExp(pattern.slice(1, -1), 'u').test(tag)
      : new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 'u').test(tag);
  const major = (tag: string): number | undefined => {
    const found = /^v?(\d+)(\.\d+)?(\.\d+)?$/u.exec(tag);
    return found === null ? undefined : Number(found[1]);
  };
  const broken = (digest: Digest): boolean => childrenOf(digest).some((one) => !bodies.has(one));
  const byKind = rules.untagged === true || rules.orphans === true || rules.broken === true;
  const chosen = (tag: string, digest: Digest): boolean => {
    if (byKind) return rules.broken === true && broken(digest) && old(digest);
    if (rules.tag !== undefined && !rules.tag.some((one) => matches(one, tag))) return false;
    if (rules.semver !== undefined && !((major(tag) ?? 9) < 2)) return false;
    if (rules.prerelease === true && !tag.includes('-rc')) return false;
    return old(digest);
  };

  const pool = plain.filter(([tag, digest]) => chosen(tag, digest));
  const kept = new Set<string>(moved);
  const byDate = pool
    .filter(([, digest]) => date(digest) !== undefined)
    .toSorted((a, b) => date(b[1])! - date(a[1])!);
  const ordersByDate =
    (rules.keep !== undefined && rules.sort !== 'version') ||
    rules.keepWithin !== undefined ||
    rules.keepDaily !== undefined ||
    rules.keepMonthly !== undefined ||
    rules.keepYearly !== undefined;
  if (ordersByDate && pool.length > 0 && byDate.length === 0)
    return { tags: new Set(), manifests: new Set(), seen, refused: true };
  for (const [tag, digest] of pool) if (ordersByDate && date(digest) === undefined) kept.add(tag);
  for (const [tag] of plain) {
    if (rules.keepTag?.some((one) => matches(one, tag)) === true) kept.add(tag);
    if (rules.keepSemver !== undefined && (major(tag) ?? 0) >= 2) kept.add(tag);
  }
  if (rules.keepWithin !== undefined) {
    for (const [tag, digest] of byDate)
      if (NOW - date(digest)! < span(rules.keepWithin)) kept.add(tag);
  }
  if (rules.keep !== undefined && rules.sort !== 'version') {
    const groupOf = (tag: string): string =>
      rules.keepPer === undefined ? '' : (/^v?(\d+)/u.exec(tag)?.[1] ?? 'none');
    for (const group of new Set(byDate.map(([tag]) => groupOf(tag)))) {
      const own = byDate.filter(([tag]) => groupOf(tag) === group);
      const last = own[Math.min(rules.keep, own.length) - 1];
      for (const [tag, digest] of own)
        if (last !== undefined && date(digest)! >= date(last[1])!) kept.add(tag);
    }
  }
  if (rules.keep !== undefined && rules.sort === 'version') {
    // Of the names in use this is their order.
    const order = 'v1.0.0 1.0 v1.0.1 v1.1.0 v1.2.0-rc.1 v2.0.0 v2.1.0'.split(' ');
    order.splice(0, 2, '1.0', 'v1.0.0');
    const ranked = order.filter((tag) => pool.some(([one]) => one === tag)).toReversed();
    for (const tag of ranked.slice(0, rules.keep)) kept.add(tag);
    for (const [tag] of pool) if (!order.includes(tag)) kept.add(tag);
  }
  const buckets = (count: number | undefined, length: number): void => {
    const first = new Map<string, number>();
    for (const [, digest] of byDate) {
      const bucket = new Date(date(digest)!).toISOString().slice(0, length);
      if (!first.has(bucket)) first.set(bucket, date(digest)!);
    }
    const times = [...first.values()].slice(0, count ?? 0);
    for (const [tag, digest] of byDate) if (times.includes(date(digest)!)) kept.add(tag);
  };
  buckets(rules.keepDaily, 10);
  buckets(rules.keepMonthly, 7);
  buckets(rules.keepYearly, 4);

  const dying = new Set(
    plain.filter(([tag, digest]) => chosen(tag, digest) && !kept.has(tag)).map(([tag]) => tag),
  );
  const isTagged = (digest: Digest): boolean => [...world.tags.values()].includes(digest);
  const isOrphan = (digest: Digest): boolean =>
    subjectsOf(digest).length > 0 &&
    !subjectsOf(digest).some((one) => bodies.has(one)) &&
    !builds.has(digest);
  const goes = (digest: Digest): boolean => {
    if (!byKind || !old(digest)) return false;
    if (rules.orphans === true && isOrphan(digest)) return true;
    if (rules.broken === true && !isTagged(digest) && broken(digest)) return true;
    const time = date(digest);
    return (
      rules.untagged === true &&
      !isTagged(digest) &&
      parentsOf(digest).length === 0 &&
      subjectsOf(digest).length === 0 &&
      time !== undefined &&
      NOW - time > span(rules.grace ?? '24h')
    );
  };
  const alive = new Set(plain.filter(([tag]) => !dying.has(tag)).map(([, digest]) => digest));
  for (;;) {
    const before = alive.size;
    for (const digest of all) {
      const needed =
        parentsOf(digest).some((one) => alive.has(one)) ||
        subjectsOf(digest).some((one) => alive.has(one));
      const alone =
        !goes(digest) &&
        (isOrphan(digest) ||
          (!builds.has(digest) &&
            subjectsOf(digest).length === 0 &&
            parentsOf(digest).length === 0));
      if (needed || alone) alive.add(digest);
    }
    if (alive.size === before) break;
  }
  const manifests = new Set(all.filter((one) => !alive.has(one)));
  const gone = special.filter(
    ([tag, digest]) => manifests.has(digest) || manifests.has(named(tag)),
  );
  return {
    tags: new Set([...dying, ...gone.map(([tag]) => tag)]),
    manifests,
    seen,
    refused: false,
  };
}
