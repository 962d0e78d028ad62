import { describe, expect, it } from 'vitest'
import { commonAspect, focus, grid, type Rect } from '../src/live/layout'

const SPACE = { width: 1280, height: 800, footer: 32, gap: 8, aspect: 16 / 9 }

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

function apart(rects: Rect[]): boolean {
  return rects.every((a, i) => rects.slice(i + 1).every((b) => !overlap(a, b)))
}

describe('the grid', () => {
  it.each(Array.from({ length: 16 }, (_, i) => i + 1))(
    'of %i fits the window, keeps the shape, and nothing overlaps',
    (n) => {
      const { rects } = grid(n, SPACE)
      expect(rects).toHaveLength(n)
      expect(apart(rects)).toBe(true)
      for (const { x, y, w, h } of rects) {
        expect(x).toBeGreaterThanOrEqual(0)
        expect(x + w).toBeLessThanOrEqual(SPACE.width)
        expect(y + h).toBeLessThanOrEqual(SPACE.height)
        expect(Math.abs(w / (h - SPACE.footer) - SPACE.aspect)).toBeLessThan(0.05)
      }
    },
  )

  it('takes as many columns as make the pictures largest', () => {
    expect(new Set(grid(4, SPACE).rects.map((each) => each.x)).size).toBe(2)
    expect(new Set(grid(3, { ...SPACE, width: 2000, height: 400 }).rects.map((each) => each.x)).size).toBe(3)
  })

  it('is one column that scrolls on a phone', () => {
    const { rects, height } = grid(3, { ...SPACE, width: 344, height: 500 })
    expect(rects.every((each) => each.x === 0 && each.w === 344)).toBe(true)
    expect(height).toBeGreaterThan(500)
  })
})

describe('one tile enlarged', () => {
  it.each([2, 6, 16])('of %i is the largest, and nothing overlaps', (n) => {
    for (const space of [SPACE, { ...SPACE, width: 700, height: 900 }, { ...SPACE, width: 344 }]) {
      const { rects } = focus(n, 1, space)
      expect(apart(rects)).toBe(true)
      expect(Math.max(...rects.map((each) => each.w))).toBe(rects[1]?.w)
    }
  })
})

describe('the common shape', () => {
  it('is the middle one of those known', () => {
    expect(commonAspect([{ width: 0, height: 0 }])).toBe(16 / 9)
    expect(
      commonAspect([
        { width: 4, height: 3 },
        { width: 16, height: 9 },
        { width: 16, height: 9 },
      ]),
    ).toBe(16 / 9)
  })
})
