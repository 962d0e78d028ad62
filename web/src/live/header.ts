// The bytes of a live socket (pure): 24 bytes before each picture, 8 bytes to say that it was drawn.

export const HEADER_BYTES = 24
export const VERSION = 1

const KEY = 1
const INIT = 2
const WRAP = 2 ** 32

export interface Header {
  /** Decodable by itself. */
  key: boolean
  /** No picture: what a decoder has to know before the first. */
  init: boolean
  encodeUs: number
  number: number
  /** When it was captured: epoch ms by the station's clock, to the microsecond. */
  capturedMs: number
}

/** The header of a message; null when it is none this page can read. Big-endian throughout. */
export function parseHeader(data: ArrayBuffer): Header | null {
  if (data.byteLength < HEADER_BYTES) return null
  const view = new DataView(data)
  if (view.getUint8(0) !== VERSION) return null
  const flags = view.getUint8(1)
  return {
    key: (flags & KEY) !== 0,
    init: (flags & INIT) !== 0,
    encodeUs: view.getUint32(4),
    number: Number(view.getBigUint64(8)),
    // Divided while whole: as one double, nanoseconds since the epoch are a quarter of a microsecond apart.
    capturedMs: Number(view.getBigUint64(16) / 1000n) / 1000,
  }
}

/** What follows the header. */
export function payload(data: ArrayBuffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data, HEADER_BYTES)
}

/** "Frame `number` was drawn at `drawnMs`", by the station's clock as this page estimates it. */
export function ack(number: number, drawnMs: number): ArrayBuffer {
  const out = new ArrayBuffer(8)
  const view = new DataView(out)
  view.setUint32(0, number % WRAP)
  view.setUint32(4, ((Math.floor(drawnMs) % WRAP) + WRAP) % WRAP)
  return out
}
