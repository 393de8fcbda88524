/** The style of the pages. Colors have a contrast of at least 4.5 in the light and the dark form. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: light-dark(#ffffff, #14171c);
  --raised: light-dark(#f3f5f8, #1d2229);
  --text: light-dark(#1a1f26, #e4e8ee);
  --soft: light-dark(#545d69, #a2acb9);
  --line: light-dark(#cfd6df, #39424e);
  --accent: light-dark(#1554b0, #84b6ff);
  --bar: light-dark(#3b78cf, #5b93e0);
  --bad: light-dark(#a1201c, #ff9d95);
  --bad-back: light-dark(#fdeeed, #35201f);
}
:root[data-theme=light] { color-scheme: light; }
:root[data-theme=dark] { color-scheme: dark; }
* { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, sans-serif; background: var(--back); color: var(--text); }
body { margin: 0; overflow-wrap: anywhere; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
main { max-width: 75rem; margin: 0 auto; padding: 1rem; outline: none; }
h1 { font-size: 1.4rem; margin: .5rem 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
code, pre, .value, .tags, .names { font-family: ui-monospace, 'SF Mono', Consolas, monospace; }
code, pre, .value { font-size: .875rem; }
pre { background: var(--raised); border: 1px solid var(--line); padding: 1rem; overflow: auto;
  max-height: 40rem; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; background: var(--back); padding: .5rem; z-index: 1; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
.top { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: center;
  padding: .6rem 1rem; background: var(--raised); border-bottom: 1px solid var(--line); }
.brand { font-weight: 700; text-decoration: none; color: var(--text); padding: .25rem 0; }
.open { display: flex; gap: .5rem; align-items: center; flex: 1 1 18rem; }
.open input { flex: 1; min-width: 0; }
.switcher, .themes { display: flex; gap: .5rem; max-width: 100%; }
.switcher select { min-width: 0; max-width: 16rem; }
.themes button[aria-pressed=true] { border-color: var(--accent); color: var(--accent); }
.pulls { color: var(--soft); }
input, select, button { font: inherit; color: inherit; background: var(--back);
  border: 1px solid var(--soft); border-radius: .3rem; padding: .3rem .6rem; min-height: 2rem; }
button { cursor: pointer; background: var(--raised); }
button[hidden] { display: none; }
input[type=checkbox] { width: 1.5rem; height: 1.5rem; min-height: 1.5rem; margin: 0;
  accent-color: var(--accent); }
.trail ol { display: flex; flex-wrap: wrap; list-style: none; margin: 0; padding: 0; gap: .25rem; }
.trail li { overflow-wrap: anywhere; }
.trail li + li::before { content: '/'; color: var(--soft); margin-right: .25rem; }
.filter { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; margin: 1rem 0; }
.check { display: inline-flex; gap: .4rem; align-items: center; }
.count, .count-line, .cost, .none, .no-layer td { color: var(--soft); }
.count { font-size: .85em; font-weight: 400; }
.notice { border-left: 4px solid var(--bar); padding: .25rem .75rem; background: var(--raised); }
.problem { border: 1px solid var(--bad); background: var(--bad-back); border-radius: .3rem;
  padding: .5rem 1rem; margin: 1rem 0; overflow-wrap: anywhere; white-space: pre-line; }
.problem p { margin: .25rem 0; }
.problem .title, .problem-text { color: var(--bad); font-weight: 600; }
.namespaces { display: flex; flex-wrap: wrap; gap: .5rem 1rem; margin: .75rem 0; }
.namespaces a, .names a, .tags a { display: inline-block; min-height: 1.5rem; }
.names { list-style: none; margin: 1rem 0; padding: 0; columns: 20rem; }
.names li { overflow-wrap: anywhere; padding: .15rem 0; break-inside: avoid; }
.tags { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem .75rem; margin: 0; padding: 0;
  font-weight: 600; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { color: var(--soft); font-weight: 600; font-size: .85rem; }
tbody th { font-weight: 600; }
.pairs th { width: 30%; font-family: ui-monospace, monospace; font-size: .875rem; }
.shown { background: var(--raised); }
.choose { width: 2.5rem; }
.size { min-width: 8rem; }
.bar { display: block; width: 100%; height: .5rem; fill: var(--bar); }
.bar .track { fill: var(--line); }
.layers .size { width: 25%; }
.referrers { padding-left: 1.2rem; }
.referrers li { margin: .4rem 0; }
.contents { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
.contents a { padding: .1rem 0; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; margin: 1rem 0; }
.actions a { padding: .25rem 0; }
.danger { border-color: var(--bad); color: var(--bad); }
.doomed { border: 1px solid var(--line); border-radius: .4rem; margin: 1rem 0; }
.doomed legend { font-weight: 600; overflow-wrap: anywhere; }
.doomed .check { display: flex; }
.copy { display: inline-flex; gap: .35rem; align-items: center; max-width: 100%; }
.copy code { min-width: 0; }
.copy button { padding: 0 .4rem; min-height: 1.5rem; line-height: 1.2; font-size: .75rem; }
.digest, time { white-space: nowrap; }
.facts { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .3rem 1rem;
  margin: 1rem 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
summary { cursor: pointer; padding: .25rem 0; overflow-wrap: anywhere; }
.pager { display: flex; gap: 1rem; margin: 1rem 0; align-items: center; }
.pager a { padding: .25rem 0; }
.mark-0 { color: light-dark(#1554b0, #84b6ff); } .mark-1 { color: light-dark(#a1201c, #ff9d95); }
.mark-2 { color: light-dark(#1d6b35, #7fd196); } .mark-3 { color: light-dark(#7a4a00, #f0bd6c); }
.mark-4 { color: light-dark(#6a2fa0, #cda3f5); } .mark-5 { color: light-dark(#00666b, #6fd3d8); }
.mark-6 { color: light-dark(#8a1f6b, #f29bd4); } .mark-7 { color: light-dark(#4f5a1d, #c5d27a); }
footer { max-width: 75rem; margin: 1rem auto; padding: 0 1rem 2rem; color: var(--soft); }
@media (max-width: 45rem) {
  .list, .list tbody, .list tr, .list td, .list th, .pairs, .pairs tbody, .pairs tr, .pairs td,
  .pairs th { display: block; width: auto; }
  .list thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%); }
  .list tr, .pairs tr { border: 1px solid var(--line); border-radius: .4rem; margin: .6rem 0;
    padding: .3rem; }
  .list td, .list th, .pairs td, .pairs th { border: 0; padding: .2rem .4rem; }
  .list [data-label]::before { content: attr(data-label) ': '; color: var(--soft);
    font: 600 .8rem system-ui, sans-serif; }
  .facts { grid-template-columns: 1fr; gap: .1rem; }
  .facts dd { margin-bottom: .5rem; }
}
@media (prefers-reduced-motion: no-preference) { .bar rect { transition: width .2s; } }
`;
