// What is measured. `job` names the command of one run, `prepare` runs once and untimed; with
// `renew` before each round, because skopeo remembers across runs where it has put a blob.
// `goal` is the ratio to the best peer of the same run that regctl is to stay below.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { layoutPlace, putImage, putIndex, registryPlace } from './images.mjs';
import { buildStandalone } from './standalone.mjs';

const KIB = 1024;
const MIB = 1024 * KIB;
const SMALL = { layers: 1, layerSize: KIB };
const FIVE = { layers: 5, layerSize: 256 * KIB };
const BIG = { layers: 8, layerSize: 128 * MIB };
const HUGE = { layers: 80, layerSize: 128 * MIB };

/** A repository nobody has written to. Its last part is kept, as `skopeo sync` keeps it. */
const fresh = (host, run, name) => `${host}/run/${run.id}/${name}`;

/** The image once, copied afresh through the latency. */
function freshCopy({ title, repository, build, goal = 0.8 }) {
  return {
    title,
    goal,
    delayed: true,
    renew: true,
    prepare: (lab) => build(registryPlace(lab.source.host, repository)),
    job: (lab, tool, run) =>
      tool.copy?.(
        `${lab.near.host}/${repository}:v1`,
        `${fresh(lab.far.host, run, repository)}:v1`,
      ),
  };
}

/** The same again: what `first` copied is there. */
function nothingToDo({
  title,
  repository,
  build,
  verb = 'copy',
  ref = ':v1',
  cached = false,
  goal = 1,
}) {
  const from = (lab) => `${lab.near.host}/${repository}${ref}`;
  const to = (lab, tool) => `${lab.far.host}/noop/${tool.name}/${repository}${ref}`;
  return {
    title,
    goal,
    delayed: true,
    cached,
    prepare: (lab) => build(registryPlace(lab.source.host, repository)),
    first: (lab, tool) => tool[verb]?.(from(lab), to(lab, tool)),
    job: (lab, tool) => tool[verb]?.(from(lab), to(lab, tool)),
  };
}

/** Between two registries of distribution v3, whose hashing is as fast as a client's. */
function atFullSpeed({ title, repository, image, secure = false }) {
  return {
    title,
    renew: true,
    prepare: async (lab) => {
      const { plain, tls } = await lab.v3();
      lab.fullSpeed = secure ? tls : plain;
      await putImage(registryPlace(plain.source.host, repository), 'v1', image);
    },
    job: (lab, tool, run) => {
      const { source, destination } = lab.fullSpeed ?? { source: lab.source, destination: lab.far };
      const to = fresh(destination.host, run, repository);
      return tool[secure ? 'copySecure' : 'copy'](`${source.host}/${repository}:v1`, `${to}:v1`);
    },
  };
}

const five = (place) => putImage(place, 'v1', FIVE);
const twentyTags = async (place) => {
  for (let tag = 1; tag <= 20; tag += 1) {
    await putImage(place, `v${tag}`, { layers: 2, layerSize: 64 * KIB });
  }
};

function read(title, verb, target, options = {}) {
  return {
    title,
    goal: 1,
    delayed: true,
    ...options,
    prepare: (lab) => five(registryPlace(lab.source.host, 'five')),
    first: options.cached ? (lab, tool) => tool[verb](target(lab)) : undefined,
    job: (lab, tool) => tool[verb]?.(target(lab)),
  };
}

export const SCENARIOS = {
  version: {
    title: '`--version`',
    startup: true,
    plusMs: 25,
    job: (_lab, tool) => tool.version(),
  },
  'standalone-version': {
    title: '`--version`, standalone program',
    startup: true,
    tools: (lab) => buildStandalone(lab.dir),
  },
  help: { title: '`--help`', startup: true, job: (_lab, tool) => tool.help?.() },
  'tags-local': {
    title: '`tags`, local registry, no latency',
    startup: true,
    plusMs: 90,
    prepare: (lab) => five(registryPlace(lab.source.host, 'five')),
    job: (lab, tool) => tool.tags(`${lab.source.host}/five`),
  },
  'tags-first': {
    title: '`tags`, local registry, the first run of all',
    startup: true,
    cold: true,
    prepare: (lab) => five(registryPlace(lab.source.host, 'five')),
    job: (lab, tool) => tool.tags(`${lab.source.host}/five`),
  },
  tags: read('tags', 'tags', (lab) => `${lab.near.host}/five`),
  'tags-cached': read('tags, cached tokens', 'tags', (lab) => `${lab.near.host}/five`, {
    cached: true,
  }),
  inspect: read('inspect', 'inspect', (lab) => `${lab.near.host}/five:v1`),
  'inspect-cached': read('inspect, cached tokens', 'inspect', (lab) => `${lab.near.host}/five:v1`, {
    cached: true,
  }),
  digest: read('digest', 'digest', (lab) => `${lab.near.host}/five:v1`),
  delete: {
    title: 'delete by digest',
    goal: 1,
    delayed: true,
    before: async (lab, run) => {
      const place = registryPlace(lab.source.host, `gone/${run.id}`);
      run.digest = (await putImage(place, 'v1', SMALL)).digest;
    },
    job: (lab, tool, run) => tool.remove?.(`${lab.near.host}/gone/${run.id}@${run.digest}`),
  },
  fresh: freshCopy({ title: '5 layers, fresh, other registry', repository: 'five', build: five }),
  noop: nothingToDo({ title: '5 layers, nothing to do', repository: 'five', build: five }),
  'noop-cached': nothingToDo({
    title: '5 layers, nothing to do, cached tokens',
    repository: 'five',
    build: five,
    cached: true,
  }),
  layer: freshCopy({
    title: 'one 64 MiB layer, fresh',
    repository: 'large',
    build: (place) => putImage(place, 'v1', { layers: 1, layerSize: 64 * MIB }),
  }),
  index: freshCopy({
    title: 'index of 3 platforms, 18 blobs, fresh',
    repository: 'index',
    build: (place) => putIndex(place, 'v1', ['amd64', 'arm64', 's390x'], FIVE),
  }),
  repository: {
    title: '20 tags × 2 layers, fresh',
    renew: true,
    goal: 0.8,
    delayed: true,
    prepare: (lab) => twentyTags(registryPlace(lab.source.host, 'twenty')),
    job: (lab, tool, run) =>
      tool.copyTags?.(`${lab.near.host}/twenty`, fresh(lab.far.host, run, 'twenty')),
  },
  'repository-noop': nothingToDo({
    title: '20 tags, nothing to do',
    repository: 'twenty',
    build: twentyTags,
    verb: 'copyTags',
    ref: '',
  }),
  'repository-noop-cached': nothingToDo({
    title: '20 tags, nothing to do, cached tokens',
    repository: 'twenty',
    build: twentyTags,
    verb: 'copyTags',
    ref: '',
    cached: true,
  }),
  mount: {
    title: 'other repository, same registry',
    renew: true,
    goal: 0.8,
    delayed: true,
    prepare: (lab) => five(registryPlace(lab.source.host, 'five')),
    job: (lab, tool, run) =>
      tool.copy(`${lab.near.host}/five:v1`, `${fresh(lab.near.host, run, 'five')}:v1`),
  },
  retag: {
    title: 'retag, same repository',
    goal: 1,
    delayed: true,
    prepare: (lab) => five(registryPlace(lab.source.host, 'five')),
    job: (lab, tool, run) => (tool.retag ?? retagByCopy(tool))(`${lab.near.host}/five:v1`, run.id),
  },
  full: atFullSpeed({ title: '8 × 128 MiB, plain HTTP', repository: 'big', image: BIG }),
  'full-tls': atFullSpeed({
    title: '8 × 128 MiB, TLS',
    repository: 'big',
    image: BIG,
    secure: true,
  }),
  huge: {
    ...atFullSpeed({ title: '80 × 128 MiB, plain HTTP', repository: 'huge', image: HUGE }),
    onDemand: true,
  },
  'from-layout': {
    title: '4 × 64 MiB, layout → registry',
    renew: true,
    goal: 1,
    prepare: makeLayout,
    job: (lab, tool, run) =>
      tool.fromLayout(layoutDir(lab), 'v1', `${fresh(lab.destination.host, run, 'laid')}:v1`),
  },
  'to-layout': {
    title: '4 × 64 MiB, registry → layout',
    renew: true,
    goal: 1,
    prepare: (lab) => putImage(registryPlace(lab.source.host, 'laid'), 'v1', LAID),
    job: (lab, tool, run) =>
      tool.toLayout(`${lab.source.host}/laid:v1`, join(lab.dir, `out-${run.id}`), 'v1'),
    after: (lab, run) => rm(join(lab.dir, `out-${run.id}`), { recursive: true, force: true }),
  },
  archive: {
    title: '4 × 64 MiB, registry → OCI archive',
    renew: true,
    goal: 1,
    prepare: (lab) => putImage(registryPlace(lab.source.host, 'laid'), 'v1', LAID),
    job: (lab, tool, run) =>
      tool.toArchive?.(`${lab.source.host}/laid:v1`, join(lab.dir, `out-${run.id}.tar`)),
    after: (lab, run) => rm(join(lab.dir, `out-${run.id}.tar`), { force: true }),
  },
};

/** Where copying is the way to tag. */
const retagByCopy = (tool) => (from, tag) =>
  tool.copy(from, `${from.slice(0, from.lastIndexOf(':'))}:${tag}`);

const LAID = { layers: 4, layerSize: 64 * MIB };
const layoutDir = (lab) => join(lab.dir, 'layout');

async function makeLayout(lab) {
  await rm(layoutDir(lab), { recursive: true, force: true });
  const place = await layoutPlace(layoutDir(lab));
  await putImage(place, 'v1', LAID);
  await place.close();
}
