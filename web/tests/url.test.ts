import { describe, expect, it } from 'vitest'
import { formatPlace, formatTime, HOME, parsePlace, parseTime } from '../src/state/url'

describe('the address', () => {
  it('comes back as it went', () => {
    const place = {
      ...HOME,
      screen: 'timeline' as const,
      channel: 'front door/2',
      t: 1763737402.123457,
      from: 1763730000,
      to: 1763740000.5,
      mark_in: 1763737400,
      mark_out: 1763737410,
      via: 'h264',
    }
    expect(parsePlace(formatPlace(place))).toEqual(place)
  })

  it('leaves out what is as at home', () => {
    expect(formatPlace(HOME)).toBe('./')
    expect(formatPlace({ ...HOME, screen: 'jobs', jobs: 'failed' })).toBe('?screen=jobs&jobs=failed')
  })

  it('is read with mistakes in it', () => {
    expect(parsePlace('?screen=cellar&t=yesterday&channel=front')).toEqual({ ...HOME, channel: 'front' })
  })

  it('takes times as seconds and as ISO 8601, and writes those that one can read', () => {
    expect(parseTime('1763737402.5')).toBe(1763737402.5)
    expect(parseTime('2025-11-21T15:03:22.500Z')).toBe(1763737402.5)
    expect(parseTime('')).toBeNull()
    expect(formatTime(1763737402.5)).toBe('2025-11-21T15:03:22.500Z')
  })

  it('keeps a moment to the microsecond, for a frame is found by it', () => {
    const t = 1763737402.187351
    expect(parseTime(formatTime(t))).toBeCloseTo(t, 5)
    expect(formatTime(t)).toBe('2025-11-21T15:03:22.187351Z')
  })
})
