// What turns a stream's bytes into a picture on the screen.

import type { Header } from './header'

/** Every frame handed in is answered once, by one of the two: the station waits for it. */
export interface Sink {
  /** On the screen. */
  drawn(header: Header): void
  /** Not drawn, for a reason that is told, or because a newer one already is. */
  skipped(header: Header, why: string): void
  /** The picture has this size now. */
  sized(width: number, height: number): void
}

export interface Painter {
  readonly surface: 'canvas' | 'video'
  paint(header: Header, data: Uint8Array<ArrayBuffer>): void
  close(): void
}

/** Puts a decoded picture on the canvas, which takes its size. */
export function putOn(canvas: HTMLCanvasElement, image: CanvasImageSource, width: number, height: number): void {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width
    canvas.height = height
  }
  canvas.getContext('2d', { alpha: false })?.drawImage(image, 0, 0)
}
