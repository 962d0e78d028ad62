// One channel looked at live: its socket, its clock, its painter, and what the tile says about it.

import { signal } from '@preact/signals'
import { socketUrl } from '../net/api'
import { Socket } from '../net/socket'
import type { Figure } from '../net/types'
import { abilities } from './abilities'
import { choose, follow, type Chosen, type Codec } from './choose'
import { Fmp4Painter } from './fmp4'
import { H264Painter } from './h264'
import { ack, parseHeader, payload, type Header } from './header'
import { JpegPainter } from './jpeg'
import { lostFrames, Meter, type Reading } from './meter'
import { ClockOffset } from './offset'
import type { Painter, Sink } from './painter'

const PING_MS = 2000

export interface Rendition {
  /** Pixels across and frames a second at most; 0: as the source has it. */
  w: number
  fps: number
}

export interface Wish {
  /** The technology asked for in the address, and the one saved. */
  via: string
  saved: string
  /** The technology stays as it is, whatever the line can carry. */
  hold: boolean
  figures: boolean
}

export class LiveView {
  readonly reading = signal<Reading>({ fps: 0, ageMs: null })
  readonly lost = signal(0)
  readonly reasons = signal<Record<string, number>>({})
  readonly chosen = signal<Chosen>({ codec: 'jpeg', forced: false, why: '' })
  readonly figures = signal<Figure[]>([])
  readonly size = signal<{ width: number; height: number } | null>(null)
  readonly surface = signal<'canvas' | 'video'>('canvas')
  /** What the station says of the channel on this socket; null before it does. */
  readonly said = signal<{ state: string; why: string; since: number } | null>(null)
  /** Why there is no connection; empty while there is one. */
  readonly broken = signal('')
  /** When the picture shown was captured, in ms by the station's clock; null without a picture. */
  shownMs: number | null = null
  shownNumber: number | null = null

  private readonly socket: Socket
  private readonly meter = new Meter()
  private readonly offset = new ClockOffset()
  private painter: Painter | null = null
  private hidden = false
  private changedAt = -Infinity
  private figuresAt = 0
  private readonly timers: number[]

  constructor(
    private readonly channel: string,
    private readonly canvas: HTMLCanvasElement,
    private readonly video: HTMLVideoElement,
    private rendition: Rendition,
    private wish: Wish,
  ) {
    this.chosen.value = choose(wish.via, wish.saved, abilities)
    this.socket = new Socket(() => this.address(), {
      opened: () => this.opened(),
      text: (message) => this.take(message),
      binary: (data) => this.frame(data),
      broke: (why) => {
        this.broken.value = why
      },
    })
    this.timers = [window.setInterval(() => this.look(), 500), window.setInterval(() => this.ping(), PING_MS)]
  }

  /** Now, by the station's clock as estimated. */
  now(): number {
    return performance.timeOrigin + performance.now() + (this.offset.ms ?? 0)
  }

  /** How old the picture shown is, in ms; null without one. */
  age(): number | null {
    return this.shownMs === null ? null : this.now() - this.shownMs
  }

  ask(rendition: Rendition): void {
    if (rendition.w === this.rendition.w && rendition.fps === this.rendition.fps) return
    this.rendition = rendition
    this.socket.say({ type: 'set', ...rendition })
  }

  /** Another wish of the user; `hold` keeps the technology as it is. */
  want(wish: Wish): void {
    const asked = wish.via !== this.wish.via || wish.saved !== this.wish.saved
    if (wish.figures !== this.wish.figures) this.socket.say({ type: 'set', figures: wish.figures })
    this.wish = wish
    if (asked) this.change(choose(wish.via, wish.saved, abilities))
  }

  /** Nobody can see it: the station then encodes nothing for it. */
  hide(hidden: boolean): void {
    if (hidden === this.hidden) return
    this.hidden = hidden
    this.socket.say({ type: hidden ? 'pause' : 'resume' })
  }

  close(): void {
    this.timers.forEach(clearInterval)
    this.socket.close()
    this.painter?.close()
  }

  private address(): string {
    const query = new URLSearchParams({ codec: this.chosen.value.codec })
    if (this.rendition.w > 0) query.set('w', String(this.rendition.w))
    if (this.rendition.fps > 0) query.set('fps', String(this.rendition.fps))
    return socketUrl(`/ws/live/${encodeURIComponent(this.channel)}?${query}`)
  }

  private opened(): void {
    this.broken.value = ''
    this.ping()
    if (!this.wish.figures) this.socket.say({ type: 'set', figures: false })
    if (this.hidden) this.socket.say({ type: 'pause' })
  }

  private ping(): void {
    this.socket.say({ type: 'ping', t: performance.timeOrigin + performance.now() })
  }

  private take(message: Record<string, unknown>): void {
    switch (message.type) {
      case 'hello':
        this.begin(message.codec as Codec, String(message.mime ?? ''))
        break
      case 'state':
        this.said.value = message as { state: string; why: string; since: number } & typeof message
        break
      case 'figures':
        this.figures.value = (message.figures as Figure[] | undefined) ?? []
        this.figuresAt = performance.now()
        break
      case 'drop':
        this.reasons.value = (message.reason as Record<string, number> | undefined) ?? {}
        this.lost.value = lostFrames(Number(message.total ?? 0), this.reasons.value)
        break
      case 'pong': {
        const got = performance.timeOrigin + performance.now()
        this.offset.note(Number(message.t), Number(message.server), got)
        break
      }
      case 'switch':
        this.advised({ codec: String(message.codec), why: String(message.why ?? '') })
        break
    }
  }

  private begin(codec: Codec, mime: string): void {
    this.painter?.close()
    const sink: Sink = {
      drawn: (header) => this.drawn(header),
      skipped: (header) => this.answer(header),
      sized: (width, height) => {
        const now = this.size.value
        if (now?.width !== width || now.height !== height) this.size.value = { width, height }
      },
    }
    if (codec !== this.chosen.value.codec) this.chosen.value = { codec, forced: false, why: 'chosen by the station' }
    if (codec === 'h264')
      this.painter = new H264Painter(this.canvas, sink, mime.replace(/^.*codecs="?([^"]*)"?.*$/, '$1'))
    else if (codec === 'fmp4') this.painter = new Fmp4Painter(this.video, sink, mime)
    else this.painter = new JpegPainter(this.canvas, sink)
    this.surface.value = this.painter.surface
  }

  private frame(data: ArrayBuffer): void {
    const header = parseHeader(data)
    if (header && this.painter) this.painter.paint(header, payload(data))
  }

  private drawn(header: Header): void {
    this.answer(header)
    this.shownMs = header.capturedMs
    this.shownNumber = header.number
    this.meter.note(performance.now(), this.now() - header.capturedMs)
  }

  private answer(header: Header): void {
    this.socket.send(ack(header.number, this.now()))
  }

  private change(to: Chosen): void {
    const same = to.codec === this.chosen.value.codec
    this.chosen.value = to
    if (!same) this.socket.renew()
  }

  private advised(advice: { codec: string; why: string }): void {
    const sinceChangeMs = performance.now() - this.changedAt
    const to = follow(advice, { chosen: this.chosen.value, hold: this.wish.hold, sinceChangeMs }, abilities)
    if (to === null) return
    this.changedAt = performance.now()
    this.change(to)
  }

  /** Twice a second: what the badge says. */
  private look(): void {
    const now = performance.now()
    this.reading.value = this.meter.read(now)
    if (this.figures.value.length > 0 && now - this.figuresAt > 2000) this.figures.value = []
  }
}
