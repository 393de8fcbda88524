import type { Reply } from '../scripted-server.ts';
import type { StandIn } from './types.ts';

/** One page of a list, cut and linked to the next as this registry does it. */
export function page(
  { lists, api, body }: StandIn,
  url: URL,
  entries: readonly unknown[],
  shape: (entries: readonly unknown[]) => unknown,
): Reply {
  const asked = Number(url.searchParams.get('n') ?? '100');
  if (lists.maxN !== undefined && asked > lists.maxN.n) return body(lists.maxN.refused);
  const size = Math.min(asked, lists.page);
  const from = start(url.searchParams.get(lists.cursor), lists.cursor, entries);
  const part = entries.slice(from, from + size);
  const end = from + size;
  const next =
    end < entries.length && lists.link !== 'none'
      ? cursorAt(lists.cursor, entries, end)
      : undefined;
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      ...(next === undefined ? {} : { link: linkTo(next, size) }),
    },
    body: JSON.stringify(shape(part)),
  };

  function linkTo(place: string, n: number): string {
    const path =
      lists.link === 'lost-key' ? url.pathname.replace(/^\/v2\/[^/]+\//u, '/v2/') : url.pathname;
    const target = `${path}?${lists.cursor}=${encodeURIComponent(place)}&n=${n}`;
    switch (lists.link) {
      case 'absolute':
        return `<https://${api}${target}>; rel="next"`;
      case 'plain-http':
        return `<http://${api}${target}>; rel="next"`;
      case 'prev-next':
        return `<${path}?last=&n=${n}>; rel="prev" , <${target}>; rel="next"`;
      default:
        return `<${target}>; rel="next"`;
    }
  }
}

function start(place: string | null, cursor: string, entries: readonly unknown[]): number {
  if (place === null || place === '') return 0;
  return cursor === 'last' ? entries.indexOf(place) + 1 : Number(atob(place).slice(1));
}

/** `last` names the last entry of a page; the others are opaque. */
function cursorAt(cursor: string, entries: readonly unknown[], end: number): string {
  return cursor === 'last' ? String(entries[end - 1]) : btoa(`@${end}`);
}
