import { describe, expect, it } from 'vitest'
import {
  brief,
  bytes,
  clock,
  clockMs,
  count,
  day,
  duration,
  endOfDay,
  fromBoxes,
  plural,
  sentences,
  startOfDay,
} from '../src/ui/format'

const AT = new Date(2026, 10, 21, 14, 3, 22, 123).getTime() / 1000

describe('numbers', () => {
  it('have thin spaces between thousands', () => {
    expect(count(18000)).toBe('18\u202f000')
    expect(count(999)).toBe('999')
    expect(count(1234567)).toBe('1\u202f234\u202f567')
  })

  it('of bytes have two figures at least', () => {
    expect([0, 999, 1024, 4.6 * 2 ** 20, 171 * 2 ** 20, 2 ** 31].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 KiB',
      '4.6 MiB',
      '171 MiB',
      '2.0 GiB',
    ])
  })
})

describe('words', () => {
  it('have plurals', () => {
    expect(plural(1, 'box')).toBe('1 box')
    expect(plural(3, 'box')).toBe('3 boxes')
    expect(plural(2, 'line')).toBe('2 lines')
  })

  it('become sentences', () => {
    expect(sentences('no frame came', '', 'look at the source!')).toBe('No frame came. Look at the source!')
    expect(sentences('front: nothing was recorded', 'wait')).toBe('front: nothing was recorded. Wait.')
  })
})

describe('times', () => {
  it('are told to the second and to the millisecond', () => {
    expect(clock(AT)).toBe('14:03:22')
    expect(clockMs(AT)).toBe('14:03:22.123')
    expect(day(AT)).toBe('2026-11-21')
  })

  it('are never rounded into the next second', () => {
    expect(clockMs(Math.floor(AT) + 0.9999)).toBe('14:03:22.999')
  })

  it('come back from date and time boxes', () => {
    expect(fromBoxes('2026-11-21', '14:03:22')).toBe(Math.floor(AT))
    expect(fromBoxes('2026-11-21', '')).toBe(startOfDay(AT))
    expect(fromBoxes('', '14:03')).toBeNull()
  })

  it('know the day they are in', () => {
    expect(startOfDay(AT)).toBeLessThanOrEqual(AT)
    expect(day(startOfDay(AT))).toBe('2026-11-21')
    expect(clock(endOfDay(AT))).toBe('00:00:00')
  })

  it('last as long as their two largest units say', () => {
    expect([0.42, 12, 185, 7800, 90000].map(duration)).toEqual(['0.4 s', '12 s', '3 min 5 s', '2 h 10 min', '1 d 1 h'])
    expect([4, 185, 7800, 90000].map(brief)).toEqual(['4 s', '3 min', '2 h', '1 d'])
  })
})
