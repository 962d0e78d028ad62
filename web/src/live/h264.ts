// H.264 onto a canvas by WebCodecs, which browsers have in secure contexts only.

import type { Header } from './header'
import { putOn, type Painter, type Sink } from './painter'

export class H264Painter implements Painter {
  readonly surface = 'canvas'
  private readonly waiting = new Map<number, Header>()
  private decoder: VideoDecoder
  private keyNext = true

  /** `codec` as the station names it, like "avc1.42E01F"; the stream is Annex B, so there is no description. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly sink: Sink,
    private readonly codec: string,
  ) {
    this.decoder = this.make()
  }

  paint(header: Header, data: Uint8Array<ArrayBuffer>): void {
    if (header.init) return // parameter sets are repeated before every key frame
    if (this.decoder.state === 'closed') this.decoder = this.make()
    if (this.keyNext && !header.key) {
      this.sink.skipped(header, '')
      return
    }
    this.keyNext = false
    const timestamp = Math.round(header.capturedMs * 1000)
    this.waiting.set(timestamp, header)
    try {
      this.decoder.decode(new EncodedVideoChunk({ type: header.key ? 'key' : 'delta', timestamp, data }))
    } catch (error) {
      this.fail(error)
    }
  }

  close(): void {
    this.giveUp('')
    if (this.decoder.state !== 'closed') this.decoder.close()
  }

  private make(): VideoDecoder {
    this.keyNext = true
    const decoder = new VideoDecoder({ output: (frame) => this.show(frame), error: (error) => this.fail(error) })
    decoder.configure({ codec: this.codec, optimizeForLatency: true })
    return decoder
  }

  private show(frame: VideoFrame): void {
    const found = this.waiting.get(frame.timestamp)
    this.waiting.delete(frame.timestamp)
    const { displayWidth, displayHeight } = frame
    putOn(this.canvas, frame, displayWidth, displayHeight)
    frame.close()
    this.sink.sized(displayWidth, displayHeight)
    if (found) this.sink.drawn(found)
  }

  private fail(error: unknown): void {
    this.giveUp(`a picture could not be decoded (${error instanceof Error ? error.message : String(error)})`)
    if (this.decoder.state !== 'closed') this.decoder.close()
    this.keyNext = true
  }

  private giveUp(why: string): void {
    for (const header of this.waiting.values()) this.sink.skipped(header, why)
    this.waiting.clear()
  }
}
