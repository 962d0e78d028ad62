import { describe, expect, it } from 'vitest'
import { estimateBytes, foundWords, gapAt, goesOn, marks, pieces } from '../src/timeline/bars'
import { around, fitting, follow, LONGEST_S, SHORTEST_S, ticks, timeAt, xAt, zoomAround } from '../src/timeline/zoom'

const HOUR = { from: 10_000, to: 13_600 }

describe('zooming', () => {
  it('leaves the moment under the pointer where it is', () => {
    const t = timeAt(HOUR, 250, 1000)
    const near = zoomAround(HOUR, t, 0.25)
    expect(near.to - near.from).toBeCloseTo(900)
    expect(xAt(near, t, 1000)).toBeCloseTo(250)
    expect(zoomAround(near, t, 4).from).toBeCloseTo(HOUR.from)
  })

  it('ends at two seconds and at a week', () => {
    const near = zoomAround(HOUR, 11_000, 1e-9)
    expect(near.to - near.from).toBeCloseTo(SHORTEST_S)
    const far = zoomAround(HOUR, 11_000, 1e9)
    expect(far.to - far.from).toBeCloseTo(LONGEST_S)
  })
})

describe('the view', () => {
  it('moves only when the moment would leave it', () => {
    expect(follow(HOUR, 12_000)).toBe(HOUR)
    const moved = follow(HOUR, 14_000)
    expect(moved.to - moved.from).toBeCloseTo(3600)
    expect(moved.from).toBeLessThan(14_000)
    expect(moved.to).toBeGreaterThan(14_000)
  })

  it('shows all that was recorded today', () => {
    for (const ago of [30, 500, 3000, 20_000, 80_000]) {
      const view = fitting(1_000_000 - ago, 1_000_000)
      expect(view.from).toBeLessThanOrEqual(1_000_000 - ago)
      expect(view.to).toBeGreaterThanOrEqual(1_000_000)
    }
    expect(fitting(null, 1_000_000).to - fitting(null, 1_000_000).from).toBe(600)
  })

  it('around now does not run far ahead of it', () => {
    expect(around(1000, 600, 1000).to).toBeCloseTo(1030)
    expect(around(1000, 600, 9000)).toEqual({ from: 700, to: 1300 })
  })

  it('has round moments with room for their words', () => {
    const found = ticks(HOUR, 1000)
    expect(found.length).toBeGreaterThan(2)
    const apart = (found[1]?.t ?? 0) - (found[0]?.t ?? 0)
    expect((apart / 3600) * 1000).toBeGreaterThanOrEqual(84)
    expect(ticks(HOUR, 0)).toEqual([])
  })
})

describe('a bar', () => {
  const view = { from: 0, to: 1000 }

  it('is solid where it was recorded', () => {
    expect(pieces([{ start: 100, end: 300 }], view, 1000)).toEqual([{ x: 100, w: 200 }])
    expect(pieces([{ start: -50, end: 2000 }], view, 1000)).toEqual([{ x: 0, w: 1000 }])
    expect(pieces([{ start: 2000, end: 3000 }], view, 1000)).toEqual([])
  })

  it('shows the shortest gap as a hole', () => {
    const [a, b] = pieces(
      [
        { start: 0, end: 500 },
        { start: 500.01, end: 1000 },
      ],
      view,
      100,
    )
    expect((a?.x ?? 0) + (a?.w ?? 0)).toBeLessThan(b?.x ?? 0)
  })

  it('shows the shortest piece', () => {
    expect(pieces([{ start: 500, end: 500.001 }], view, 100)).toEqual([{ x: 50, w: 1 }])
  })

  it('joins marks closer than a pixel', () => {
    const found = Array.from({ length: 1000 }, (_, i) => ({
      start: i / 10,
      end: i / 10 + 0.05,
      count: i % 4,
      kinds: { box: i % 4, line: 0 },
    }))
    const [all, ...more] = marks(found, view, 1000)
    expect(more).toEqual([])
    expect(all).toMatchObject({ start: 0, x: 0, w: 101, count: 3, kinds: { box: 3, line: 0 } })
    expect(found[0]?.kinds.box).toBe(0)
  })

  it('shows the shortest mark, and none of another time', () => {
    const mark = { start: 500, end: 500, count: 1, kinds: { box: 1 } }
    expect(marks([mark], view, 100)).toMatchObject([{ x: 50, w: 2 }])
    expect(marks([{ ...mark, start: 1100, end: 1200 }], view, 100)).toEqual([])
  })

  it('says in words what was found', () => {
    const t = new Date(2026, 10, 21, 14, 2, 11).getTime() / 1000
    expect(foundWords({ start: t, end: t + 2, count: 3, kinds: { box: 3 } })).toBe('3 boxes, 14:02:11–14:02:13')
    expect(foundWords({ start: t, end: t, count: 2, kinds: { box: 1, line: 1 } })).toBe('1 box, 1 line, 14:02:11')
    expect(foundWords({ start: t, end: t, count: 1, kinds: {} })).toBe('1 figure, 14:02:11')
  })
})

describe('playing', () => {
  const view = { from: 0, to: 1000 }
  const spans = [
    { start: 100, end: 200 },
    { start: 300, end: 400 },
  ]

  it('goes on where it was recorded, and a little after', () => {
    expect(goesOn(spans, view, 150, 5000)).toBe(150)
    expect(goesOn(spans, view, 201, 5000)).toBe(201)
  })

  it('knows what is on both sides of a gap', () => {
    expect(gapAt(spans, view, 150, 5000)).toBeNull()
    expect(gapAt(spans, view, 250, 5000)).toEqual({ before: 200, after: 300 })
    expect(gapAt(spans, view, 50, 5000)).toEqual({ before: null, after: 100 })
    expect(gapAt(spans, view, 500, 5000)).toEqual({ before: 400, after: null })
    expect(gapAt(spans, view, 1500, 5000)).toBeNull()
  })

  it('jumps over a gap', () => {
    expect(goesOn(spans, view, 250, 5000)).toBe(300)
    expect(goesOn(spans, view, 50, 5000)).toBe(100)
  })

  it('ends only where nothing can follow', () => {
    expect(goesOn(spans, view, 500, 1005)).toBeNull()
    expect(goesOn(spans, view, 500, 5000)).toBe(500) // what is beyond the view is not known
    expect(goesOn(spans, view, 1500, 5000)).toBe(1500)
    expect(goesOn(spans, view, 998, 1000)).toBe(998) // nor what was recorded just now
  })
})

describe('the size of an export', () => {
  const picture = { width: 1280, height: 720, fps: 25 }

  it('is judged by earlier ones', () => {
    expect(
      estimateBytes('mp4', 30, picture, [
        { seconds: 10, bytes: 1000 },
        { seconds: 10, bytes: 1000 },
        { seconds: 1, bytes: 9000 },
      ]),
    ).toBe(3000)
  })

  it('else by the pictures', () => {
    expect(estimateBytes('gif', 10, picture, [])).toBeGreaterThan(estimateBytes('mp4', 10, picture, []))
  })
})
