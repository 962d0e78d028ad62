// The timeline by keyboard.

import { useRef } from 'preact/hooks'
import type { RefObject } from 'preact'
import { snapshot } from '../live/actions'
import { showFigures } from '../state/prefs'
import { go } from '../state/route'
import { stationNow } from '../state/station'
import { key, useKeys, type Binding } from '../ui/keys'
import type { Scrub } from './scrub'
import { zoomAround, type View } from './zoom'

interface Has {
  name: string
  t: number | null
  view: View
  fps: number
  scrub: RefObject<Scrub | null>
  play(): void
  moveTo(t: number, options?: { drag?: boolean }): void
  setView(view: View): void
  setNow(): void
  mark(): void
}

/** Gives what steps by a frame. */
export function useTimelineKeys(has: Has): (frames: -1 | 1) => void {
  const { scrub } = has
  const stepping = useRef(false)
  const moment = (): number => has.t ?? stationNow()

  const by = (frames: -1 | 1): void => {
    if (has.t === null) {
      if (frames < 0) has.moveTo(stationNow() - 1)
      return
    }
    if (stepping.current || !scrub.current) return
    stepping.current = true
    void scrub.current.neighbour(frames, has.fps).then((t) => {
      stepping.current = false
      if (t !== null) has.moveTo(t)
    })
  }

  useKeys('Timeline', [
    arrows('← →', 'one frame back or on', {}, by),
    arrows('Shift ← →', 'one second', { shiftKey: true }, (way) => has.moveTo(moment() + way, { drag: true })),
    arrows('Alt ← →', 'one minute', { altKey: true }, (way) => has.moveTo(moment() + 60 * way, { drag: true })),
    {
      keys: 'Space',
      what: 'play or pause',
      run(event) {
        // On what can be pressed it presses that.
        if (event.key !== ' ' || (event.target as Element).closest('button, a, input')) return false
        has.play()
        return true
      },
    },
    key('n', 'back to now', has.setNow),
    key('i', 'export from here', () => go({ mark_in: moment() })),
    key('o', 'export up to here', () => go({ mark_out: moment() })),
    key('e', 'mark half a minute for export', has.mark),
    key('+', 'show less time', () => has.setView(zoomAround(has.view, moment(), 0.5))),
    key('-', 'show more time', () => has.setView(zoomAround(has.view, moment(), 2))),
    key('s', 'snapshot of this moment', () => void snapshot(has.name, has.t)),
    key('g', 'figures on or off', () => (showFigures.value = !showFigures.value)),
  ])
  return by
}

function arrows(
  keys: string,
  what: string,
  held: { shiftKey?: boolean; altKey?: boolean },
  act: (way: -1 | 1) => void,
): Binding {
  return {
    keys,
    what,
    run(event) {
      const way = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0
      if (way === 0 || event.ctrlKey || event.metaKey) return false
      if (event.shiftKey !== (held.shiftKey ?? false) || event.altKey !== (held.altKey ?? false)) return false
      act(way)
      return true
    },
  }
}
