// What was found in the picture, drawn over it: coordinates are fractions, so one drawing fits every rendition.

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Figure } from '../net/types'

/** Height of words, in pixels of the screen whatever the picture's size. */
const WORDS_PX = 14
const SAFE = /^#[0-9a-f]{6}$/i

/** `width` and `height` of the picture only give the shape: a viewBox of 1 by 1 would stretch the words. */
export function Figures({ figures, width, height }: { figures: Figure[]; width: number; height: number }): JSX.Element {
  const drawing = useRef<SVGSVGElement>(null)
  const [scale, setScale] = useState(1)
  useEffect(() => {
    if (!drawing.current) return
    const watch = new ResizeObserver(([entry]) => {
      const { width: w = 0, height: h = 0 } = entry?.contentRect ?? {}
      setScale(Math.max(0.05, Math.min(w / width, h / height)))
    })
    watch.observe(drawing.current)
    return () => watch.disconnect()
  }, [width, height])
  return (
    <svg
      ref={drawing}
      class="figures"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="xMidYMid meet"
      aria-hidden="true"
    >
      {figures.map((each, i) => (
        <One key={i} figure={each} w={width} h={height} size={WORDS_PX / scale} />
      ))}
    </svg>
  )
}

function One({ figure, w, h, size }: { figure: Figure; w: number; h: number; size: number }): JSX.Element | null {
  const color = SAFE.test(figure.color ?? '') ? figure.color : '#00ff00'
  const points = (figure.points ?? []).map(([x, y]) => `${x * w},${y * h}`).join(' ')
  const x = (figure.x ?? figure.points?.[0]?.[0] ?? 0) * w
  const y = (figure.y ?? figure.points?.[0]?.[1] ?? 0) * h
  const words = (text: string | undefined, at: number): JSX.Element | null =>
    text ? (
      <text x={x} y={at} font-size={size} fill={color} stroke="#000" stroke-width={size / 6} paint-order="stroke">
        {text}
      </text>
    ) : null
  switch (figure.kind ?? figure.type) {
    case 'box':
      return (
        <g>
          <rect class="shape" x={x} y={y} width={(figure.w ?? 0) * w} height={(figure.h ?? 0) * h} stroke={color} />
          {words(figure.label, y > size * 1.3 ? y - size * 0.3 : y + size)}
        </g>
      )
    case 'line':
    case 'polygon': {
      const Shape = (figure.kind ?? figure.type) === 'line' ? 'polyline' : 'polygon'
      return (
        <g>
          <Shape class="shape" points={points} stroke={color} />
          {words(figure.label, y)}
        </g>
      )
    }
    case 'text':
      return words(figure.text, y + size)
    default:
      return null
  }
}
