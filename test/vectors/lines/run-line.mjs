// Runs a line (lines.json) against a program and says what does not hold after it.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, unpack, workdir } from './fixtures.mjs';
import { listen } from './registry.mjs';

const program = { regclient: 'regctl', crane: 'crane', skopeo: 'skopeo', oras: 'oras', podman: 'podman' };

/** A line of a shell, without the shell: words, '…' and "…". */
export function words(line) {
  const out = []; let cur; let quote;
  for (const ch of line) {
    if (quote) { if (ch === quote) quote = undefined; else cur += ch; }
    else if (ch === "'" || ch === '"') { quote = ch; cur ??= ''; }
    else if (ch === ' ') { if (cur !== undefined) out.push(cur); cur = undefined; }
    else cur = (cur ?? '') + ch;
  }
  if (cur !== undefined) out.push(cur);
  return out;
}
const pointer = (value, path) => {
  for (const raw of path === '' ? [] : path.split('/')) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    if (value === undefined || value === null) return undefined;
    value = key === '#' ? (Array.isArray(value) ? value.length : Object.keys(value).length) : value[key];
  }
  return value;
};
const fits = (got, want) => (typeof want === 'string' && want.startsWith('~') ? new RegExp(want.slice(1), 's').test(typeof got === 'string' ? got : JSON.stringify(got) ?? '') : want === null ? got === undefined || got === null : JSON.stringify(got) === JSON.stringify(want));
const show = (v) => { const s = typeof v === 'string' ? v : JSON.stringify(v); return s === undefined ? 'nothing' : s.length > 160 ? s.slice(0, 160) + '…' : s; };

/**
 * Runs one line and returns what does not hold. `call(words, { program, cwd, env, stdin })` runs a
 * program to its end: { exit, out, err }. `original`: the tool's own words, not the line of ours.
 */
export async function runLine(line, { base, call: run, original: own }) {
  const dir = mkdtempSync(join(base, 'w-')); const faults = [];
  const log = []; const options = { log, ...(line.auth && { auth: 'tester:secret' }), ...(line.forbid && { forbid: line.forbid }) };
  let server; let store;
  const ours = !own && line.ours;
  try {
    // the base image's name holds the port: the registry starts first, then it is filled
    const lazy = { repos: new Map() }; const proxy = new Proxy({}, { get: (_, k) => { const v = (store ?? lazy)[k]; return typeof v === 'function' ? v.bind(store) : v; } });
    server = await listen(proxy, options); const host = `${line.host ?? '127.0.0.1'}:${server.port}`; store = build(host); workdir(store, dir, host, JSON.stringify(line));
    const original = build(host);
    if (line.damage) { const [ref, n] = line.damage.split('#'); const m = store.get(ref); const d = m.json.layers[Number(n)].digest; const b = Buffer.from(store.repos.get(m.name).blobs.get(d)); b[b.length >> 1] ^= 0xff; store.repos.get(m.name).blobs.set(d, b); }
    const fill = (s) => s.replaceAll('{reg}', host).replaceAll('{port}', String(server.port)).replaceAll('{w}', dir)
      .replace(/\{(d|hex|cfg|layer|child):([^}]+)\}/g, (_, kind, spec) => {
        const [ref, extra] = spec.split('#'); const m = original.get(ref); if (!m) throw new Error(`no fixture ${ref}`);
        if (kind === 'd') return m.digest; if (kind === 'hex') return m.digest.slice(7); if (kind === 'cfg') return m.json.config.digest;
        return kind === 'layer' ? m.json.layers[Number(extra ?? 0)].digest : m.json.manifests[Number(extra ?? 0)].digest;
      });
    const deep = (v) => (typeof v === 'string' ? fill(v) : Array.isArray(v) ? v.map(deep) : v && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([k, x]) => [fill(k), deep(x)])) : v);
    for (const [name, text] of Object.entries(line.files ?? {})) { mkdirSync(join(dir, name, '..'), { recursive: true }); writeFileSync(join(dir, name), fill(text)); }
    for (const d of ['home/.config/containers', 'docker', 'run', 'out']) mkdirSync(join(dir, d), { recursive: true });
    if (!line.files?.['home/.config/containers/policy.json']) writeFileSync(join(dir, 'home/.config/containers/policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
    writeFileSync(join(dir, 'regctl.json'), JSON.stringify({ hosts: line.noHost ? {} : { [host]: { tls: 'disabled', hostname: host } } }));
    const env = { PATH: process.env.PATH, HOME: join(dir, 'home'), TMPDIR: dir, LANG: 'C.UTF-8', DOCKER_CONFIG: join(dir, 'docker'), XDG_RUNTIME_DIR: join(dir, 'run'), XDG_CONFIG_HOME: join(dir, 'home/.config'), XDG_CACHE_HOME: join(dir, 'home/.cache'), XDG_STATE_HOME: join(dir, 'home/.state'),
      CONTAINERS_REGISTRIES_CONF: join(dir, 'empty.conf'), REGCTL_CONFIG: join(dir, 'regctl.json'), NO_COLOR: '1', NO_PROXY: '127.0.0.1,localhost', HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', ...deep(line.env ?? {}) };
    for (const k of Object.keys(env)) if (env[k] === null) delete env[k];
    const name = program[line.suite];
    const call = (text, stdin) => {
      const argv = words(text).map(fill);
      return run(argv, { program: own || name === 'skopeo' ? name : 'regctl', cwd: dir, env, stdin });
    };
    for (const b of (ours && line.oursBefore) || line.before || []) { const r = await call(b.line ?? b, b.stdin && fill(b.stdin)); if (r.exit !== 0) faults.push(`before: exit ${r.exit}: ${b.line ?? b}: ${show(r.err.split('\n')[0])}`); }
    const stdin = line.stdin === undefined ? undefined : line.stdin.startsWith('@') ? readFileSync(join(dir, line.stdin.slice(1))) : Buffer.from(fill(line.stdin));
    const r = await call(ours || line.line, stdin);
    const check = deep({ ...line.check, ...(ours && line.oursCheck) }); const text = r.out.toString(); const trim = text.trim(); const rows = trim === '' ? [] : trim.split('\n').map((x) => x.trimEnd());
    const bad = (what, got) => faults.push(got === undefined ? what : `${what}; got ${show(got)}`);
    const raw = (spec) => {
      const [kind, ...rest] = spec.split(':'); const ref = rest.join(':').split('#')[0]; const n = Number(spec.split('#')[1] ?? 0); const m = store.get(ref) ?? original.get(ref); if (!m) return undefined;
      return kind === 'm' ? m.bytes : (store.repos.get(m.name).blobs.get(kind === 'c' ? m.json.config.digest : m.json.layers[n].digest));
    };
    const parse = () => { try { return JSON.parse(text); } catch { return undefined; } };
    if ('exit' in check && (check.exit === 'nonzero' ? r.exit === 0 : Array.isArray(check.exit) ? !check.exit.includes(r.exit) : r.exit !== check.exit)) bad(`exit is not ${check.exit}`, `${r.exit}: ${r.err.split('\n')[0]}`);
    // "fails" must not be met by a word or flag that the program does not know, nor (but for usage errors) by exit 64
    if (check.exit === 'nonzero' && r.exit !== 0 && line.id !== 'skopeo/unknown-verb' && (/unknown (command|option|flag)|no such command/i.test(r.err) || (r.exit === 64 && !line.usage) || r.exit === 'SIGKILL')) bad('fails for the wrong reason', `${r.exit}: ${r.err.split('\n')[0]}`);
    if (line.usage && /no-argument$|invalid$/.test(line.id) && r.exit !== 64) bad('wrong usage is exit 64', `${r.exit}: ${r.err.split('\n')[0]}`);
    if (check.asked && !log.length) bad('the registry was not asked');
    if ('out' in check && trim !== check.out.trim()) bad('stdout is not as it should be', trim);
    for (const s of check.outHas ?? []) if (!text.includes(s)) bad(`stdout lacks ${show(s)}`, trim);
    for (const s of check.outNot ?? []) if (text.includes(s)) bad(`stdout has ${show(s)}`);
    for (const s of check.outRe ?? []) if (!new RegExp(s, 's').test(text)) bad(`stdout does not match ${s}`, trim);
    for (const s of check.errHas ?? []) if (!r.err.includes(s)) bad(`stderr lacks ${show(s)}`, r.err.trim());
    for (const s of check.anyHas ?? []) if (!(text + r.err).includes(s)) bad(`the output lacks ${show(s)}`, (trim + ' | ' + r.err).trim());
    for (const s of check.anyRe ?? []) if (!new RegExp(s, 'si').test(text + r.err)) bad(`the output does not match ${s}`, (trim + ' | ' + r.err).trim());
    if (check.lines && JSON.stringify(rows) !== JSON.stringify(check.lines)) bad('lines differ', rows);
    for (const s of check.linesHave ?? []) if (!rows.includes(s)) bad(`no line ${s}`, rows);
    for (const s of check.linesNot ?? []) if (rows.includes(s)) bad(`a line ${s}`);
    if ('count' in check && rows.length !== check.count) bad(`not ${check.count} lines`, rows);
    if (check.json) { const j = parse(); if (!j) bad('stdout is no JSON', trim); else for (const [p, want] of Object.entries(check.json)) if (!fits(pointer(j, p), want)) bad(`JSON ${p || '(all)'} is not ${show(want)}`, pointer(j, p)); }
    if (check.raw && !raw(check.raw)?.equals(r.out)) bad(`stdout is not the bytes of ${check.raw}`, trim);
    for (const [a, b] of check.same ?? []) { const x = store.get(a)?.digest; const y = (store.get(b) ?? original.get(b))?.digest; if (!x || x !== y) bad(`${a} is not ${b}`, x); }
    for (const ref of check.has ?? []) if (!store.get(ref)) bad(`${ref} is not in the registry`);
    for (const ref of check.hasNot ?? []) if (store.get(ref)) bad(`${ref} is in the registry`);
    const whole = (repo, d) => { const x = store.repos.get(repo); const m = x?.manifests.get(d); if (!m) return `${repo}@${d}`; const j = JSON.parse(m.bytes); for (const b of [...(j.config ? [j.config] : []), ...(j.layers ?? [])]) if (!x.blobs.has(b.digest)) return b.digest; for (const c of j.manifests ?? []) { const f = whole(repo, c.digest); if (f) return f; } };
    for (const ref of check.blobs ?? []) { const m = store.get(ref); const lost = m ? whole(m.name, m.digest) : ref; if (lost) bad(`${ref} is not whole: ${lost}`); }
    for (const [ref, facts] of Object.entries(check.m ?? {})) { const m = store.get(ref); if (!m) bad(`${ref} is not in the registry`); else for (const [p, want] of Object.entries(facts)) if (!fits(pointer(m.json, p), want)) bad(`manifest of ${ref}: ${p} is not ${show(want)}`, pointer(m.json, p)); }
    const pick = (ref) => { let m = store.get(ref); if (m?.json.manifests) { const c = m.json.manifests.find((x) => x.platform?.architecture === 'amd64' && x.platform?.os === 'linux'); m = c && store.get(`${m.name}@${c.digest}`); } return m; };
    for (const [ref, facts] of Object.entries(check.c ?? {})) { const m = pick(ref); const b = m && store.repos.get(m.name).blobs.get(m.json.config?.digest); if (!b) bad(`${ref} has no configuration in the registry`); else { const j = JSON.parse(b); for (const [p, want] of Object.entries(facts)) if (!fits(pointer(j, p), want)) bad(`configuration of ${ref}: ${p} is not ${show(want)}`, pointer(j, p)); } }
    for (const [ref, facts] of Object.entries(check.tree ?? {})) {
      const m = pick(ref); if (!m) { bad(`${ref} is not in the registry`); continue; } const files = new Map();
      for (const l of m.json.layers) { const b = store.repos.get(m.name).blobs.get(l.digest); if (!b) { bad(`${ref}: a layer is missing`); continue; } for (const [p, v] of unpack(b)) { const leaf = p.split('/').pop(); if (leaf.startsWith('.wh.')) files.delete(p.slice(0, p.length - leaf.length) + leaf.slice(4)); else files.set(p, v); } }
      for (const [p, want] of Object.entries(facts)) { const got = files.get(p); if (want === null ? files.has(p) : got?.toString() !== want) bad(`file ${p} of ${ref} is not ${show(want)}`, got?.toString()); }
    }
    for (const [ref, n] of Object.entries(check.referrers ?? {})) { const m = store.get(ref); const got = m ? store.referrers(m.name, m.digest).length : undefined; if (got !== n) bad(`${ref} has not ${n} referrers`, got); }
    for (const [p, want] of Object.entries(check.file ?? {})) { const f = join(dir, p); const there = existsSync(f); if (typeof want === 'boolean') { if (there !== want) bad(`file ${p} is ${there ? '' : 'not '}there`); } else if (!there) bad(`file ${p} is not there`); else { const got = readFileSync(f, 'utf8'); if (want.startsWith('~') ? !new RegExp(want.slice(1), 's').test(got) : got !== want) bad(`file ${p} is not ${show(want)}`, got); } }
    for (const [p, spec] of Object.entries(check.fileRaw ?? {})) { const f = join(dir, p); if (!existsSync(f)) bad(`file ${p} is not there`); else if (!raw(spec)?.equals(readFileSync(f))) bad(`file ${p} is not the bytes of ${spec}`); }
    for (const [p, facts] of Object.entries(check.fileJson ?? {})) { let j; try { j = JSON.parse(readFileSync(join(dir, p), 'utf8')); } catch { bad(`file ${p} is no JSON`); continue; } for (const [q, want] of Object.entries(facts)) if (!fits(pointer(j, q), want)) bad(`${p}: ${q} is not ${show(want)}`, pointer(j, q)); }
    for (const [d, names] of Object.entries(check.layout ?? {})) { let j; try { j = JSON.parse(readFileSync(join(dir, d, 'index.json'), 'utf8')); } catch { bad(`no layout ${d}`); continue; } for (const [n, ref] of Object.entries(names)) { const e = j.manifests.find((x) => (x.annotations?.['org.opencontainers.image.ref.name'] ?? '') === n); const want = typeof ref === 'string' ? original.get(ref)?.digest ?? ref : ref; if (ref === null ? e : ref === true ? !e : e?.digest !== want) bad(`layout ${d}: ${n || '(no name)'} is not ${show(ref)}`, e?.digest); } }
    for (const [p, facts] of Object.entries(check.tar ?? {})) { let files; try { files = unpack(p === '-' ? r.out : readFileSync(join(dir, p))); } catch { bad(`${p} is no tar`); continue; } for (const [q, want] of Object.entries(facts)) { const got = files.get(q); if (want === null ? files.has(q) : want === true ? !files.has(q) : got?.toString() !== want) bad(`${p}: ${q} is not ${show(want)}`, got?.toString()); } }
    for (const ref of check.digestIn ?? []) { const d = store.get(ref)?.digest; if (!d || !text.includes(d)) bad(`stdout does not name the digest of ${ref}`, trim); }
    return faults;
  } catch (error) { return [`the runner: ${error.stack?.split('\n').slice(0, 2).join(' ')}`]; }
  finally { await server?.close(); rmSync(dir, { recursive: true, force: true }); }
}
