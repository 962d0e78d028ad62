// JPEG onto a canvas. createImageBitmap decodes off the main thread, and is there on plain http too.

import type { Header } from './header'
import { putOn, type Painter, type Sink } from './painter'

export class JpegPainter implements Painter {
  readonly surface = 'canvas'
  private newest = -1
  private closed = false

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly sink: Sink,
  ) {}

  paint(header: Header, data: Uint8Array<ArrayBuffer>): void {
    void this.decode(header, data)
  }

  close(): void {
    this.closed = true
  }

  private async decode(header: Header, data: Uint8Array<ArrayBuffer>): Promise<void> {
    let image: ImageBitmap
    try {
      image = await createImageBitmap(new Blob([data], { type: 'image/jpeg' }))
    } catch {
      this.sink.skipped(header, 'a picture could not be decoded')
      return
    }
    // Two may be decoded at a time, and the later one may be ready first.
    if (this.closed || header.number < this.newest) {
      image.close()
      this.sink.skipped(header, '')
      return
    }
    this.newest = header.number
    const { width, height } = image
    putOn(this.canvas, image, width, height)
    image.close()
    this.sink.sized(width, height)
    this.sink.drawn(header)
  }
}
