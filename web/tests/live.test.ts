import { describe, expect, it } from 'vitest'
import { choose, follow } from '../src/live/choose'
import { badgeWords, lostFrames, Meter } from '../src/live/meter'
import { ClockOffset } from '../src/live/offset'
import { judge } from '../src/live/stale'

const BOTH = { webCodecs: true, mediaSource: true }
const PLAIN = { webCodecs: false, mediaSource: true }

describe('the meter', () => {
  it('reads 30 frames a second as 30.0 and the age in the middle', () => {
    const meter = new Meter()
    for (let k = 0; k <= 60; k++) meter.note((k * 1000) / 30, k === 60 ? 900 : 31)
    const reading = meter.read(2000)
    expect(reading.fps).toBeCloseTo(30, 6)
    expect(reading.ageMs).toBe(31)
  })

  it('makes no rate of frames that come all at once', () => {
    const meter = new Meter()
    for (let k = 0; k < 3; k++) meter.note(1000 + k * 10, 20)
    expect(meter.read(1030).fps).toBeLessThan(3)
  })

  it('falls when frames stop coming, and ends at nothing', () => {
    const meter = new Meter()
    for (let k = 0; k <= 30; k++) meter.note((k * 1000) / 30, 20)
    expect(meter.read(2000).fps).toBeLessThan(20)
    expect(meter.read(3100)).toEqual({ fps: 0, ageMs: null })
  })

  it('writes the badge', () => {
    expect(badgeWords('jpeg', { fps: 29.94, ageMs: 31.2 }, 0).join(' ')).toBe('ws-jpeg 29.9 fps 31 ms drop 0')
    expect(badgeWords('h264', { fps: 0, ageMs: null }, 3).join(' ')).toBe('ws-h264 0.0 fps – ms drop 3')
  })

  it('takes what was not wanted for no loss', () => {
    expect(lostFrames(100, { paused: 60, 'slow viewer': 38, left: 2 })).toBe(38)
  })
})

describe('the clock', () => {
  it('believes the quickest answer', () => {
    const clock = new ClockOffset()
    expect(clock.ms).toBeNull()
    clock.note(1000, 6200, 1400) // 5000 ahead, but 200 late on one way
    clock.note(2000, 7005, 2010)
    clock.note(3000, 8300, 3600)
    expect(clock.ms).toBe(5000)
  })

  it('forgets an answer from before our clock was set back', () => {
    const clock = new ClockOffset()
    clock.note(2000, 7000, 1000)
    expect(clock.ms).toBeNull()
  })
})

describe('the choice of technology', () => {
  it('is JPEG unless somebody wishes otherwise', () => {
    expect(choose('', 'auto', BOTH)).toMatchObject({ codec: 'jpeg', forced: false })
  })

  it('takes the address before the saved choice', () => {
    expect(choose('h264', 'fmp4', BOTH)).toMatchObject({ codec: 'h264', forced: true })
    expect(choose('', 'fmp4', BOTH)).toMatchObject({ codec: 'fmp4', forced: true })
    expect(choose('jpeg', 'h264', BOTH)).toMatchObject({ codec: 'jpeg', forced: true })
  })

  it('brings H.264 in MP4 where the page is not secure, and says why', () => {
    const found = choose('h264', '', PLAIN)
    expect(found.codec).toBe('fmp4')
    expect(found.why).toContain('https')
  })

  it('falls back to JPEG where there is nothing else, and for a word it does not know', () => {
    expect(choose('h264', '', { webCodecs: false, mediaSource: false }).codec).toBe('jpeg')
    expect(choose('webrtc', '', BOTH).codec).toBe('jpeg')
  })

  it('follows advice, but not against the user, a pin, or twice in a minute', () => {
    const auto = { codec: 'jpeg', forced: false, why: '' } as const
    const advice = { codec: 'h264', why: 'the line is slow' }
    const now = { chosen: auto, hold: false, sinceChangeMs: Infinity }
    expect(follow(advice, now, BOTH)).toEqual({ codec: 'h264', forced: false, why: 'the line is slow' })
    expect(follow(advice, now, PLAIN)?.codec).toBe('fmp4')
    expect(follow(advice, { ...now, hold: true }, BOTH)).toBeNull()
    expect(follow(advice, { ...now, chosen: { ...auto, forced: true } }, BOTH)).toBeNull()
    expect(follow(advice, { ...now, sinceChangeMs: 59_000 }, BOTH)).toBeNull()
    expect(follow({ codec: 'jpeg', why: '' }, now, BOTH)).toBeNull()
  })
})

describe('a picture', () => {
  const look = { ageMs: 100, fpsTarget: 30, broken: '', state: 'live', why: '', since: 0, now: 1000 }

  it('is fresh up to two seconds', () => {
    expect(judge(look)).toBeNull()
    expect(judge({ ...look, ageMs: 1999 })).toBeNull()
    expect(judge({ ...look, ageMs: 2001 })).toMatchObject({ sign: 'late', since: 1000 - 2.001 })
  })

  it('may be older when its source is slow', () => {
    expect(judge({ ...look, ageMs: 9000, fpsTarget: 0.25 })).toBeNull()
  })

  it('says why it is not', () => {
    const lost = judge({ ...look, ageMs: 60_000, state: 'lost', why: 'the camera refuses', since: 940 })
    expect(lost).toEqual({ sign: 'lost', word: 'lost', why: 'the camera refuses', since: 940 })
    expect(judge({ ...look, ageMs: 60_000, broken: 'it broke' })).toMatchObject({
      word: 'no connection',
      why: 'it broke',
    })
    expect(judge({ ...look, ageMs: null, state: '' })).toMatchObject({ word: 'waiting' })
  })
})
