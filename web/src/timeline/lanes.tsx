// One bar per channel: recorded is solid, gaps are holes, ticks below are what was found. Wheel zooms around the
// pointer, drag scrubs, the handles mark what is to be exported.

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { clockMs, day } from '../ui/format'
import { foundWords, isRecorded, marks, pieces } from './bars'
import { Peek } from './peek'
import type { Lane } from './recorded'
import { pan, ticks, timeAt, xAt, zoomAround, type View } from './zoom'

const ROW = 28
const AXIS = 24
const NEAR = 8

type Handle = 'mark_in' | 'mark_out'

interface Props {
  names: string[]
  channel: string
  lanes: Map<string, Lane>
  view: View
  /** The moment shown. */
  t: number
  now: number
  marked: Record<Handle, number | null>
  onView(view: View): void
  onScrub(channel: string, t: number): void
  onMark(handle: Handle, t: number): void
  onSelect(channel: string): void
}

export function Lanes(props: Props): JSX.Element {
  const { names, channel, lanes, view, t, now, marked } = props
  const area = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const [hover, setHover] = useState<{ x: number; row: number } | null>(null)
  const drag = useRef<Handle | 'scrub' | null>(null)
  const newest = useRef(props)
  newest.current = props

  useEffect(() => {
    const element = area.current
    if (!element) return
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    watch.observe(element)
    // Not as a prop: only a listener that is not passive may keep the page from scrolling.
    const wheel = (event: WheelEvent): void => {
      event.preventDefault()
      const { view: from, onView } = newest.current
      const box = element.getBoundingClientRect()
      const along = event.shiftKey ? event.deltaY : event.deltaX
      if (Math.abs(along) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
        onView(pan(from, (along / box.width) * (from.to - from.from)))
      } else {
        onView(zoomAround(from, timeAt(from, event.clientX - box.left, box.width), Math.exp(event.deltaY / 400)))
      }
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => {
      watch.disconnect()
      element.removeEventListener('wheel', wheel)
    }
  }, [])

  const at = (event: PointerEvent): { x: number; row: number; t: number } => {
    const box = (area.current as HTMLDivElement).getBoundingClientRect()
    const x = event.clientX - box.left
    const row = Math.min(names.length - 1, Math.max(0, Math.floor((event.clientY - box.top - AXIS) / ROW)))
    return { x, row, t: timeAt(view, x, box.width) }
  }
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return
    const here = at(event)
    area.current?.setPointerCapture(event.pointerId)
    const near = (['mark_in', 'mark_out'] as const).find((each) => {
      const moment = marked[each]
      return moment !== null && Math.abs(xAt(view, moment, width) - here.x) <= NEAR
    })
    drag.current = near ?? 'scrub'
    if (!near) props.onScrub(names[here.row] ?? channel, here.t)
  }
  const move = (event: PointerEvent): void => {
    const here = at(event)
    setHover(drag.current === null && event.pointerType === 'mouse' ? { x: here.x, row: here.row } : null)
    if (drag.current === 'scrub') props.onScrub(channel, Math.min(here.t, now))
    else if (drag.current) props.onMark(drag.current, here.t)
  }
  const height = AXIS + names.length * ROW
  const over = hover && { name: names[hover.row] ?? channel, t: timeAt(view, hover.x, width) }
  const lane = over ? lanes.get(over.name) : undefined
  return (
    <div class="lanes">
      <ul class="lane-names" style={{ paddingTop: `${AXIS}px` }}>
        {names.map((name) => (
          <li key={name}>
            <button
              type="button"
              class="bare"
              title={name}
              aria-pressed={name === channel}
              onClick={() => props.onSelect(name)}
            >
              {name}
            </button>
          </li>
        ))}
      </ul>
      <div
        ref={area}
        class="lane-area"
        role="slider"
        tabIndex={0}
        aria-label="Time"
        aria-valuemin={Math.floor(view.from)}
        aria-valuemax={Math.ceil(view.to)}
        aria-valuenow={Math.round(t)}
        aria-valuetext={`${day(t)} ${clockMs(t)}`}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={() => (drag.current = null)}
        onPointerCancel={() => (drag.current = null)}
        onPointerLeave={() => setHover(null)}
      >
        {width > 0 && (
          <svg width={width} height={height} aria-hidden="true">
            <Axis view={view} width={width} height={height} />
            {names.map((name, i) => (
              <Bar
                key={name}
                lane={lanes.get(name)}
                view={view}
                width={width}
                y={AXIS + i * ROW}
                chosen={name === channel}
              />
            ))}
            <Marked view={view} width={width} height={height} marked={marked} />
            {now < view.to && (
              <rect
                class="future"
                x={xAt(view, now, width)}
                y={AXIS}
                width={Math.max(0, width - xAt(view, now, width))}
                height={height - AXIS}
              />
            )}
            <Head x={xAt(view, t, width)} width={width} height={height} />
          </svg>
        )}
        {hover && over && (
          <Peek
            channel={over.name}
            t={over.t}
            kept={isRecorded(lane?.spans ?? [], over.t)}
            found={marks(lane?.found ?? [], view, width)
              .filter((each) => each.x - 2 <= hover.x && hover.x <= each.x + each.w + 2)
              .map(foundWords)}
            x={hover.x}
            area={area.current as HTMLDivElement}
          />
        )}
      </div>
    </div>
  )
}

function Axis({ view, width, height }: { view: View; width: number; height: number }): JSX.Element {
  return (
    <g class="axis">
      {ticks(view, width).map((each) => {
        const x = Math.round(xAt(view, each.t, width))
        return (
          <g key={each.t}>
            <path d={`M${x + 0.5} ${AXIS - 6}V${height}`} />
            {x > 8 && x < width - 60 && (
              <text x={x + 4} y={AXIS - 9}>
                {each.label}
              </text>
            )}
          </g>
        )
      })}
    </g>
  )
}

function Bar({
  lane,
  view,
  width,
  y,
  chosen,
}: {
  lane: Lane | undefined
  view: View
  width: number
  y: number
  chosen: boolean
}): JSX.Element {
  return (
    <g class={chosen ? 'lane chosen' : 'lane'}>
      <rect class="ground" x={0} y={y + 8} width={width} height={12} />
      {pieces(lane?.spans ?? [], view, width).map((each) => (
        <rect key={each.x} class="solid" x={each.x} y={y + 8} width={each.w} height={12} />
      ))}
      {marks(lane?.found ?? [], view, width).map((each) => (
        <rect key={each.x} class="found" x={each.x} y={y + 22} width={each.w} height={3}>
          <title>{foundWords(each)}</title>
        </rect>
      ))}
    </g>
  )
}

function Marked({
  view,
  width,
  height,
  marked,
}: {
  view: View
  width: number
  height: number
  marked: Props['marked']
}): JSX.Element {
  const { mark_in: a, mark_out: b } = marked
  const xa = a === null ? null : xAt(view, a, width)
  const xb = b === null ? null : xAt(view, b, width)
  return (
    <g class="marked">
      {xa !== null && xb !== null && xb > xa && <rect x={xa} y={AXIS} width={xb - xa} height={height - AXIS} />}
      {xa !== null && <path d={`M${xa + 6} ${AXIS + 1}H${xa}V${height - 1}h6`} />}
      {xb !== null && <path d={`M${xb - 6} ${AXIS + 1}H${xb}V${height - 1}h-6`} />}
    </g>
  )
}

function Head({ x, width, height }: { x: number; width: number; height: number }): JSX.Element | null {
  if (x < 0 || x > width) return null
  return <path class="head" d={`M${x - 5} ${AXIS - 8}h10l-5 7zM${x} ${AXIS - 2}V${height}`} />
}
