// Where the tiles go (pure). All lengths in CSS pixels.

export interface Rect {
  x: number
  y: number
  w: number
  h: number
}

export interface Space {
  width: number
  height: number
  /** Below every picture. */
  footer: number
  gap: number
  /** Width by height of the pictures. */
  aspect: number
}

const NARROW = 560
const SMALLEST = 200

/** The grid that makes the pictures largest without cutting any; `height` tells how far it reaches. */
export function grid(n: number, space: Space): { rects: Rect[]; height: number } {
  if (n === 0) return { rects: [], height: 0 }
  const columns = space.width < NARROW ? 1 : bestColumns(n, space)
  const scrolls = space.width < NARROW
  const cell = cellOf(n, columns, space, scrolls)
  const rows = Math.ceil(n / columns)
  const usedW = columns * cell.w + (columns - 1) * space.gap
  const usedH = rows * cell.h + (rows - 1) * space.gap
  const left = Math.max(0, (space.width - usedW) / 2)
  const rects = Array.from({ length: n }, (_, i) => ({
    x: Math.floor(left + (i % columns) * (cell.w + space.gap)),
    y: Math.floor(Math.floor(i / columns) * (cell.h + space.gap)),
    w: Math.floor(cell.w),
    h: Math.floor(cell.h),
  }))
  return { rects, height: usedH }
}

/** One tile large and the others in a strip, beside or below it, whichever leaves the large one larger. */
export function focus(n: number, large: number, space: Space): { rects: Rect[]; height: number } {
  const { width, height, gap } = space
  if (n === 1) return grid(1, space)
  if (width < NARROW) return focusNarrow(n, large, space)
  const across = Math.min(width, height) < 500 ? 144 : 208
  const down = across / space.aspect + space.footer
  const side = tileIn(width - across - gap, height, space)
  const below = tileIn(width, height - down - gap, space)
  const beside = side.w >= below.w
  const big = beside ? side : below
  const left = ((beside ? width - across - gap : width) - big.w) / 2
  let place = 0
  const rects = Array.from({ length: n }, (_, i) => {
    if (i === large) return round({ x: left, y: 0, w: big.w, h: big.h })
    const k = place++
    return round(
      beside
        ? { x: width - across, y: k * (down + gap), w: across, h: down }
        : { x: k * (across + gap), y: height - down, w: across, h: down },
    )
  })
  const reach = beside ? (n - 1) * (down + gap) - gap : height
  return { rects, height: Math.max(height, reach) }
}

function focusNarrow(n: number, large: number, space: Space): { rects: Rect[]; height: number } {
  const { width, gap } = space
  const bigH = width / space.aspect + space.footer
  const w = (width - gap) / 2
  const h = w / space.aspect + space.footer
  let place = 0
  const rects = Array.from({ length: n }, (_, i) => {
    if (i === large) return round({ x: 0, y: 0, w: width, h: bigH })
    const k = place++
    return round({ x: (k % 2) * (w + gap), y: bigH + gap + Math.floor(k / 2) * (h + gap), w, h })
  })
  return { rects, height: bigH + gap + Math.ceil((n - 1) / 2) * (h + gap) }
}

function bestColumns(n: number, space: Space): number {
  let best = 1
  for (let columns = 2; columns <= n; columns++) {
    if (cellOf(n, columns, space, false).w > cellOf(n, best, space, false).w + 1) best = columns
  }
  return best
}

function cellOf(n: number, columns: number, space: Space, scrolls: boolean): { w: number; h: number } {
  const rows = Math.ceil(n / columns)
  const w = (space.width - (columns - 1) * space.gap) / columns
  const h = scrolls ? Infinity : (space.height - (rows - 1) * space.gap) / rows
  return tileIn(Math.max(w, Math.min(SMALLEST, space.width)), h, space)
}

/** The largest tile in this room. */
function tileIn(width: number, height: number, space: Space): { w: number; h: number } {
  const w = Math.max(120, Math.min(width, (height - space.footer) * space.aspect))
  return { w, h: w / space.aspect + space.footer }
}

function round(rect: Rect): Rect {
  return { x: Math.floor(rect.x), y: Math.floor(rect.y), w: Math.floor(rect.w), h: Math.floor(rect.h) }
}

/** The pictures' common shape: the middle one of those known, 16:9 when none is. */
export function commonAspect(sizes: { width: number; height: number }[]): number {
  const known = sizes.filter((each) => each.width > 0 && each.height > 0).map((each) => each.width / each.height)
  known.sort((a, b) => a - b)
  return known[known.length >> 1] ?? 16 / 9
}
