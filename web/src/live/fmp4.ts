// H.264 in fragments of MP4, by Media Source Extensions: works on plain http, about 70 ms later than WebCodecs.

import type { Header } from './header'
import type { Painter, Sink } from './painter'

const BEHIND_S = 0.5
const KEEP_S = 10

interface Fragment {
  header: Header
  data: Uint8Array<ArrayBuffer>
}

export class Fmp4Painter implements Painter {
  readonly surface = 'video'
  private readonly media = new MediaSource()
  private readonly url = URL.createObjectURL(this.media)
  private buffer: SourceBuffer | null = null
  private queue: Fragment[] = []
  private appending: Fragment | null = null
  private closed = false

  /** `mime` as the station names it, like `video/mp4; codecs="avc1.42E01F"`. */
  constructor(
    private readonly video: HTMLVideoElement,
    private readonly sink: Sink,
    mime: string,
  ) {
    video.muted = true
    video.src = this.url
    video.onresize = () => this.sink.sized(video.videoWidth, video.videoHeight)
    this.media.addEventListener('sourceopen', () => {
      if (this.closed) return
      this.buffer = this.media.addSourceBuffer(mime)
      this.buffer.addEventListener('updateend', () => this.appended())
      this.next()
    })
  }

  paint(header: Header, data: Uint8Array<ArrayBuffer>): void {
    this.queue.push({ header, data })
    this.next()
  }

  close(): void {
    this.closed = true
    for (const { header } of this.queue) this.sink.skipped(header, '')
    this.queue = []
    this.video.removeAttribute('src')
    this.video.load()
    URL.revokeObjectURL(this.url)
  }

  private next(): void {
    if (this.closed || !this.buffer || this.buffer.updating || this.media.readyState !== 'open') return
    const fragment = this.queue.shift()
    if (!fragment) return
    this.appending = fragment
    try {
      this.buffer.appendBuffer(fragment.data)
    } catch (error) {
      this.appending = null
      this.sink.skipped(fragment.header, `a fragment was refused (${error instanceof Error ? error.message : ''})`)
    }
  }

  // A fragment counts as drawn once the browser has it: were it acknowledged only when shown, the browser's own
  // delay would use up the credit, and nothing would come meanwhile.
  private appended(): void {
    const done = this.appending
    this.appending = null
    if (done && !done.header.init) this.sink.drawn(done.header)
    this.follow()
    if (this.buffer && !this.buffer.updating) this.next()
  }

  /** Keeps to the newest picture, and forgets those long shown. */
  private follow(): void {
    const { video, buffer } = this
    const ranges = buffer?.buffered
    if (!buffer || !ranges || ranges.length === 0) return
    const end = ranges.end(ranges.length - 1)
    if (end - video.currentTime > BEHIND_S || video.currentTime < ranges.start(0)) video.currentTime = end - 0.03
    if (video.paused) void video.play().catch(() => undefined) // it went away meanwhile
    if (end - ranges.start(0) > 2 * KEEP_S) buffer.remove(0, end - KEEP_S)
  }
}
