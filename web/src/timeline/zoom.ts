// A stretch of time on a stretch of pixels (pure). Times in epoch seconds, lengths in CSS pixels.

import { clock, clockMs, startOfDay } from '../ui/format'

export interface View {
  from: number
  to: number
}

export const SHORTEST_S = 2
export const LONGEST_S = 7 * 86400

export function xAt(view: View, t: number, width: number): number {
  return ((t - view.from) / (view.to - view.from)) * width
}

export function timeAt(view: View, x: number, width: number): number {
  return view.from + (x / width) * (view.to - view.from)
}

/** `factor` below 1 shows less. The moment `t` stays where it is, unless a limit is met. */
export function zoomAround(view: View, t: number, factor: number): View {
  const length = view.to - view.from
  const wanted = Math.min(LONGEST_S, Math.max(SHORTEST_S, length * factor))
  const before = (t - view.from) / length
  const from = t - before * wanted
  return { from, to: from + wanted }
}

export function pan(view: View, seconds: number): View {
  return { from: view.from + seconds, to: view.to + seconds }
}

/** The same length, moved only as far as it takes to have `t` inside with some room. */
export function follow(view: View, t: number): View {
  const length = view.to - view.from
  const room = length * 0.02
  if (t < view.from + room) return { from: t - length * 0.2, to: t + length * 0.8 }
  if (t > view.to - room) return { from: t - length * 0.8, to: t + length * 0.2 }
  return view
}

/** `length` seconds around `t`, or up to shortly after now when `t` is near it. */
export function around(t: number, length: number, now: number): View {
  const to = Math.min(t + length / 2, now + length * 0.05)
  return { from: to - length, to }
}

const PRESETS = [600, 3600, 6 * 3600, 86400]

/** The shortest usual view up to `now` that shows all recorded since `first`; ten minutes when nothing is. */
export function fitting(first: number | null, now: number): View {
  const wanted = first === null ? 0 : now - first
  const length = PRESETS.find((each) => each * 0.9 >= wanted) ?? 86400
  // Steps of a tenth, so that the bars do not creep while one looks at them.
  const step = length / 10
  const to = Math.ceil(now / step) * step
  return { from: to - length, to }
}

export interface Tick {
  t: number
  label: string
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400]
const APART = 84

/** Round moments, as many as fit with their words. */
export function ticks(view: View, width: number): Tick[] {
  if (width <= 0) return []
  const perPixel = (view.to - view.from) / width
  const step = STEPS.find((each) => each / perPixel >= APART) ?? 86400
  const base = startOfDay(view.from)
  const out: Tick[] = []
  for (let k = Math.ceil((view.from - base) / step); ; k++) {
    const t = base + k * step
    if (t > view.to || out.length > 200) return out
    out.push({ t, label: label(t, step) })
  }
}

function label(t: number, step: number): string {
  if (step < 1) return clockMs(t + 1e-4).slice(0, -2)
  return step < 60 ? clock(t) : clock(t).slice(0, 5)
}
