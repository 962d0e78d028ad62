// The picture of a moment: a key frame, small and soon, while the moment moves; the exact frame once it rests.

import { signal } from '@preact/signals'
import { ask, channelPath, Fault } from '../net/api'
import { putOn } from '../live/painter'

export interface Moment {
  channel: string
  number: number
  /** When it was captured, epoch seconds. */
  captured: number
  exact: boolean
}

export interface Gap {
  why: string
  remedy: string
  before: number | null
  after: number | null
}

interface Wish {
  channel: string
  t: number
  exact: boolean
  figures: boolean
  /** As wide as it is shown, at most; null: as it was recorded. */
  w: number | null
}

const REST_MS = 160
const SMALL = 640
const LARGE = 1280
/** A moment as a double may lie a hair before the frame it was taken from. */
export const HAIR_S = 2e-6

export class Scrub {
  readonly shown = signal<Moment | null>(null)
  /** Why there is no picture of the moment wanted; null when there is. */
  readonly gap = signal<Gap | null>(null)
  readonly busy = signal(false)

  private next: Wish | null = null
  private resting = 0
  /** In which gap the moment wanted last lies: a picture that is on its way still is of another. */
  private known: Gap | null = null
  private drawing: Promise<void> = Promise.resolve()
  private closed = false

  constructor(private readonly canvas: HTMLCanvasElement) {}

  /**
   * Show that moment. Requests never pile up: of those that come while one is under way only the last is kept. Of a
   * moment in a `gap` nothing is asked for.
   */
  show(channel: string, t: number, figures: boolean, moving: boolean, gap: Gap | null): void {
    clearTimeout(this.resting)
    this.known = gap
    if (gap) {
      this.next = null
      this.gap.value = gap
      return
    }
    const exact: Wish = { channel, t, figures, exact: true, w: null }
    this.next = moving ? { ...exact, exact: false, w: SMALL } : exact
    if (moving) {
      this.resting = window.setTimeout(() => {
        this.next = exact
        void this.pump()
      }, REST_MS)
    }
    void this.pump()
  }

  /**
   * Shows one of many moments that follow each other: no larger than it is seen. Returns when the picture has come; it is
   * drawn while the next one is asked for. False when there is none.
   */
  async play(channel: string, t: number, figures: boolean): Promise<boolean> {
    clearTimeout(this.resting)
    this.next = this.known = null
    const w = Math.min(LARGE, Math.ceil((this.canvas.clientWidth * devicePixelRatio) / 16) * 16)
    return this.load({ channel, t, figures, exact: true, w })
  }

  /** The moment of the frame before or after the one shown; null when there is none. */
  async neighbour(step: -1 | 1, fps: number): Promise<number | null> {
    const now = this.shown.peek()
    if (!now) return null
    if (step < 0) return now.captured - 0.0002
    const period = 1 / (fps > 0 ? fps : 25)
    // Frames come unevenly: a little more than a period may still show the same one.
    for (const far of [1.05, 1.5, 2.2, 4, 10]) {
      const t = now.captured + far * period
      try {
        const answer = await ask(channelPath(now.channel, 'at.jpg', { t: t.toFixed(6), exact: 1, w: 64 }))
        const found = head(answer, t)
        if (found.number !== now.number) return found.captured + HAIR_S
      } catch (error) {
        const after = error instanceof Fault ? error.body.after : null
        return typeof after === 'number' ? after + HAIR_S : null
      }
    }
    return null
  }

  close(): void {
    this.closed = true
    clearTimeout(this.resting)
  }

  private async pump(): Promise<void> {
    if (this.busy.peek()) return
    this.busy.value = true
    while (this.next && !this.closed) {
      const wish = this.next
      this.next = null
      await this.load(wish)
      await this.drawing
    }
    this.busy.value = false
  }

  /** False when there is no picture. One is drawn after the other, and what went wrong is told behind them. */
  private async load(wish: Wish): Promise<boolean> {
    const { channel, t, exact, figures, w } = wish
    try {
      const answer = await ask(
        channelPath(channel, 'at.jpg', {
          t: t.toFixed(6),
          exact: exact ? 1 : 0,
          w,
          figures: figures ? 1 : 0,
        }),
      )
      const coded = await answer.blob()
      await this.drawing
      this.drawing = this.draw(coded, { channel, exact, ...head(answer, t) })
      return true
    } catch (error) {
      await this.drawing
      this.failed(error)
      return false
    }
  }

  private async draw(coded: Blob, moment: Moment): Promise<void> {
    try {
      const image = await createImageBitmap(coded)
      if (this.closed) return
      putOn(this.canvas, image, image.width, image.height)
      image.close()
      this.shown.value = moment
      this.gap.value = this.known
    } catch (error) {
      this.failed(error)
    }
  }

  private failed(error: unknown): void {
    if (!this.closed) this.gap.value = this.known ?? gapOf(error)
  }
}

function head(answer: Response, t: number): { number: number; captured: number } {
  const ns = answer.headers.get('X-Captured-Ns')
  return {
    number: Number(answer.headers.get('X-Frame-Number') ?? -1),
    // Cut to microseconds while whole, for the same reason as in a live picture's header.
    captured: ns === null ? t : Number(BigInt(ns) / 1000n) / 1e6,
  }
}

function gapOf(error: unknown): Gap {
  const body = error instanceof Fault ? error.body : {}
  const time = (value: unknown): number | null => (typeof value === 'number' ? value : null)
  return {
    why: error instanceof Error ? error.message : String(error),
    remedy: error instanceof Fault ? error.remedy : '',
    before: time(body.before),
    after: time(body.after),
  }
}
