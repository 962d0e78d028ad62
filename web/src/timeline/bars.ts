// What a bar shows of the spans recorded (pure).

import type { Span } from '../net/types'
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

/** Marks of what was found: those closer than a pixel are one. */
export function marks(found: { start: number; end: number }[], view: View, width: number): Piece[] {
  const out: Piece[] = []
  for (const each of found) {
    const x0 = Math.floor(xAt(view, each.start, width))
    const x1 = Math.ceil(xAt(view, each.end, width))
    if (x1 < 0 || x0 > width) continue
    const last = out[out.length - 1]
    if (last && x0 <= last.x + last.w) last.w = Math.max(last.w, x1 - last.x)
    else out.push({ x: x0, w: Math.max(2, x1 - x0) })
  }
  return out
}

/** Whether `t` was recorded. */
export function isRecorded(spans: Span[], t: number): boolean {
  return spans.some((each) => each.start <= t && t <= each.end)
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
