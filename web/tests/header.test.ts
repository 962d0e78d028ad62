import { describe, expect, it } from 'vitest'
import { ack, HEADER_BYTES, parseHeader, payload } from '../src/live/header'

function message(version = 1, flags = 1, number = 7n, capturedNs = 1_763_737_402_123_456_789n): ArrayBuffer {
  const data = new ArrayBuffer(HEADER_BYTES + 3)
  const view = new DataView(data)
  view.setUint8(0, version)
  view.setUint8(1, flags)
  view.setUint32(4, 1234)
  view.setBigUint64(8, number)
  view.setBigUint64(16, capturedNs)
  new Uint8Array(data).set([0xff, 0xd8, 0xff], HEADER_BYTES)
  return data
}

describe('the header of a live picture', () => {
  it('is read to the microsecond', () => {
    expect(parseHeader(message())).toEqual({
      key: true,
      init: false,
      encodeUs: 1234,
      number: 7,
      capturedMs: 1_763_737_402_123.456,
    })
  })

  it('tells a decoder what begins a stream', () => {
    expect(parseHeader(message(1, 2))).toMatchObject({ key: false, init: true })
    expect(parseHeader(message(1, 0))).toMatchObject({ key: false, init: false })
  })

  it('keeps numbers beyond 32 bits', () => {
    expect(parseHeader(message(1, 1, 2n ** 40n + 5n))?.number).toBe(2 ** 40 + 5)
  })

  it('is refused when it is short or of another version', () => {
    expect(parseHeader(new ArrayBuffer(HEADER_BYTES - 1))).toBeNull()
    expect(parseHeader(message(2))).toBeNull()
  })

  it('is followed by the picture', () => {
    expect([...payload(message())]).toEqual([0xff, 0xd8, 0xff])
  })
})

describe('an acknowledgement', () => {
  const read = (data: ArrayBuffer): [number, number] => [
    new DataView(data).getUint32(0),
    new DataView(data).getUint32(4),
  ]

  it('has number and time, big-endian', () => {
    expect(read(ack(258, 1000.9))).toEqual([258, 1000])
    expect([...new Uint8Array(ack(258, 0))].slice(0, 4)).toEqual([0, 0, 1, 2])
  })

  it('wraps both at 32 bits', () => {
    expect(read(ack(2 ** 32 + 3, 1_763_737_402_123))).toEqual([3, 1_763_737_402_123 % 2 ** 32])
  })
})
