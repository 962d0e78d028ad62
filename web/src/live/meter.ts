// What the badge says: frames a second and age, over the last two seconds (pure; times in ms are handed in).

const WINDOW_MS = 2000
const LEAST_MS = 500

export interface Reading {
  fps: number
  /** Median age at drawing, in ms; null when nothing was drawn. */
  ageMs: number | null
}

export class Meter {
  private drawn: { at: number; age: number }[] = []

  note(at: number, age: number): void {
    this.drawn.push({ at, age })
    this.trim(at)
  }

  read(now: number): Reading {
    this.trim(now)
    const n = this.drawn.length
    const first = this.drawn[0]
    const last = this.drawn[n - 1]
    if (!first || !last) return { fps: 0, ageMs: null }
    const ages = this.drawn.map((each) => each.age).sort((a, b) => a - b)
    // Intervals rather than frames, so that 30 a second read as 30 and not as 29.5 or 30.5. Since the last frame
    // more than the usual interval may have passed: then it counts, or a stream that stopped would stay at 30.
    const usual = n > 1 ? (last.at - first.at) / (n - 1) : WINDOW_MS
    const idle = Math.max(0, now - last.at - 2 * usual)
    const span = last.at - first.at + idle
    // A new picture often comes with its predecessors at once: two in a moment are no rate yet.
    return {
      fps: n > 1 && span >= LEAST_MS ? ((n - 1) * 1000) / span : n / (WINDOW_MS / 1000),
      ageMs: ages[n >> 1] ?? null,
    }
  }

  private trim(now: number): void {
    let old = 0
    while (old < this.drawn.length && now - (this.drawn[old]?.at ?? now) > WINDOW_MS) old += 1
    if (old > 0) this.drawn.splice(0, old)
  }
}

/** The badge's words: `ws-jpeg 29.9 fps 31 ms drop 0`. An age of seconds is told in seconds. */
export function badgeWords(codec: string, reading: Reading, dropped: number): [string, string, string, string] {
  const age = reading.ageMs
  const old =
    age === null ? '– ms' : age >= 10_000 ? `${Math.round(age / 1000)} s` : `${Math.max(0, Math.round(age))} ms`
  return [`ws-${codec}`, `${reading.fps.toFixed(1)} fps`, old, `drop ${dropped}`]
}

// While it was hidden or gone it wanted none, and before the first key frame there was nothing to miss.
const NO_LOSS = ['paused', 'left', 'no key frame yet']

/** Frames lost to this viewer, of all that it did not get. */
export function lostFrames(total: number, reason: Record<string, number>): number {
  return Math.max(0, total - NO_LOSS.reduce((sum, name) => sum + (reason[name] ?? 0), 0))
}
