// What a bar shows of the spans recorded (pure).

import type { Found, Span } from '../net/types'
import { clock, plural } from '../ui/format'
import { xAt, type View } from './zoom'

export interface Piece {
  x: number
  w: number
}

/**
 * The solid pieces of a bar `width` pixels wide. A gap is never narrower than one pixel, however short it was: one
 * that cannot be seen would be a lie. Neither is a piece; where the two contend the gap wins.
 */
export function pieces(spans: Span[], view: View, width: number): Piece[] {
  const out: Piece[] = []
  for (const span of spans) {
    const x0 = Math.max(0, xAt(view, span.start, width))
    const x1 = Math.min(width, xAt(view, span.end, width))
    if (x1 <= 0 || x0 >= width || x1 < x0) continue
    const left = Math.floor(x0)
    const last = out[out.length - 1]
    const begin = last ? Math.max(left, last.x + last.w + 1) : left
    const end = Math.max(begin + 1, Math.ceil(x1))
    if (begin >= width) break
    out.push({ x: begin, w: Math.min(width, end) - begin })
  }
  return out
}

/** Marks of what was found: those that touch are one. */
export function marks(found: Found[], view: View, width: number): (Piece & Found)[] {
  const out: (Piece & Found)[] = []
  for (const each of found) {
    const x = Math.floor(xAt(view, each.start, width))
    const end = Math.max(x + 2, Math.ceil(xAt(view, each.end, width)))
    if (end < 0 || x > width) continue
    const last = out[out.length - 1]
    if (last && x <= last.x + last.w) {
      last.w = Math.max(last.w, end - last.x)
      last.end = Math.max(last.end, each.end)
      last.count = Math.max(last.count, each.count)
      for (const [kind, n] of Object.entries(each.kinds)) last.kinds[kind] = Math.max(last.kinds[kind] ?? 0, n)
    } else out.push({ ...each, kinds: { ...each.kinds }, x, w: end - x })
  }
  return out
}

/** "3 boxes, 14:02:11–14:02:13" */
export function foundWords({ start, end, count, kinds }: Found): string {
  const each = Object.entries(kinds).map(([kind, n]) => plural(n, kind))
  const [from, to] = [clock(start), clock(end)]
  return `${each.length > 0 ? each.join(', ') : plural(count, 'figure')}, ${from === to ? from : `${from}–${to}`}`
}

/** A picture is shown for so long after it when no other follows. */
const HELD_S = 2

/** Whether `t` was recorded. */
export function isRecorded(spans: Span[], t: number): boolean {
  return spans.some((each) => each.start <= t && t <= each.end + HELD_S)
}

/** Bars are asked for again every few seconds: what is newer than that may not be in them. */
const NEW_S = 15

/** Where the nearest recordings end and begin, when `t` is known to lie between; null where the spans of `view` cannot tell. */
export function gapAt(
  spans: Span[],
  view: View,
  t: number,
  now: number,
): { before: number | null; after: number | null } | null {
  if (t < view.from || t > Math.min(view.to, now - NEW_S) || isRecorded(spans, t)) return null
  const later = spans.findIndex((each) => each.start > t)
  const earlier = later < 0 ? spans.length : later
  return { before: spans[earlier - 1]?.end ?? null, after: spans[later]?.start ?? null }
}

/**
 * Where playing goes on from `t`, as far as the spans of `view` tell: `t` where it was recorded or where they cannot
 * tell, a later moment after a gap, null where nothing follows.
 */
export function goesOn(spans: Span[], view: View, t: number, now: number): number | null {
  const gap = gapAt(spans, view, t, now)
  return gap === null ? t : (gap.after ?? (view.to < now - NEW_S ? t : null))
}

/** Bytes that an export will have, roughly: by those of its kind that were made, else by the size of its pictures. */
export function estimateBytes(
  format: string,
  seconds: number,
  picture: { width: number; height: number; fps: number },
  done: { seconds: number; bytes: number }[],
): number {
  const known = done.filter((each) => each.seconds > 0 && each.bytes > 0).map((each) => each.bytes / each.seconds)
  known.sort((a, b) => a - b)
  const median = known[known.length >> 1]
  if (median !== undefined) return median * seconds
  const perPixel: Record<string, number> = { mp4: 0.012, webp: 0.05, gif: 0.3 }
  return (perPixel[format] ?? 0.012) * picture.width * picture.height * (picture.fps || 25) * seconds
}
