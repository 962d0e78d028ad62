// A small picture of the moment under the pointer.

import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { channelPath } from '../net/api'
import { clock } from '../ui/format'

const WIDTH = 176
const SETTLE_MS = 60

interface Props {
  channel: string
  t: number
  /** Whether it was recorded, as far as one knows. */
  kept: boolean
  /** What was found there, in words. */
  found: string[]
  /** Pixels from the left of `area`, above which this stands. */
  x: number
  area: HTMLElement
}

export function Peek({ channel, t, kept, found, x, area }: Props): JSX.Element {
  const [shown, setShown] = useState<{ channel: string; t: number } | null>(null)
  const [missing, setMissing] = useState(false)
  useEffect(() => {
    // Passing over a bar is no wish to see every moment of it.
    const timer = setTimeout(() => {
      setShown({ channel, t })
      setMissing(false)
    }, SETTLE_MS)
    return () => clearTimeout(timer)
  }, [channel, Math.round(x)])
  const box = area.getBoundingClientRect()
  const left = box.left + Math.min(Math.max(0, x - WIDTH / 2), Math.max(0, box.width - WIDTH))
  return (
    <div class="peek" style={{ left: `${left}px`, bottom: `${window.innerHeight - box.top}px`, width: `${WIDTH}px` }}>
      {shown && kept && !missing && (
        <img
          src={channelPath(shown.channel, 'at.jpg', { t: shown.t.toFixed(3), exact: 0, w: WIDTH })}
          alt=""
          onError={() => setMissing(true)}
        />
      )}
      <p class="num">
        {clock(t)} {(missing || !kept) && 'nothing recorded'}
      </p>
      {found.map((each) => (
        <p key={each}>{each}</p>
      ))}
    </div>
  )
}
