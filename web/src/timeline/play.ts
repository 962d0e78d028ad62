// What was recorded, played at the pace at which it was recorded.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { RefObject } from 'preact'
import { showFigures } from '../state/prefs'
import { place } from '../state/route'
import { stationNow } from '../state/station'
import { clock, duration } from '../ui/format'
import { say } from '../ui/toast'
import { goesOn } from './bars'
import type { Lane } from './recorded'
import { HAIR_S, type Scrub } from './scrub'

/** At most so many pictures a second; more would cost the station more than one sees. */
const MOST_FPS = 30

interface Has {
  name: string
  lane: Lane | undefined
  fps: number
  scrub: RefObject<Scrub | null>
  show(t: number): void
}

/**
 * Plays from the moment in the address, and from another when that is changed meanwhile. Time goes on as on a clock,
 * whatever the pictures take: a slow line shows fewer. The next is asked for while the last is drawn. What was not
 * recorded is jumped over; at the end it stops.
 */
export function usePlay(has: Has): { on: boolean; toggle(): void } {
  const [on, setOn] = useState(false)
  const newest = useRef(has)
  newest.current = has
  useEffect(() => {
    if (!on) return
    let gone = false
    // The moment it began with, when that was by this browser's clock, and the moment in the address since.
    let from = 0
    let began = 0
    let shown: number | null = null
    /** When the next picture is due. Moments are evenly apart, however late a timer is: none is shown twice. */
    let due = 0
    const jump = (t: number): void => {
      from = shown = t
      began = due = performance.now()
      newest.current.show(t)
    }
    const skip = (at: number, to: number): void => {
      say(`Nothing was recorded for ${duration(to - at)}: it goes on at ${clock(to)}.`)
      jump(to + HAIR_S)
    }
    /** One picture; false at the end. */
    const step = async (t: number): Promise<boolean> => {
      const { name, lane, scrub } = newest.current
      const player = scrub.current
      if (t !== shown || !player || document.hidden) jump(t)
      if (!player) return true
      const at = from + (due - began) / 1000
      const next = lane ? goesOn(lane.spans, lane.view, at, stationNow()) : at
      if (next === null) return false
      if (next !== at) skip(at, next)
      else if (await player.play(name, at, showFigures.peek())) {
        // Another moment may have been chosen while the picture was on its way.
        if (!gone && place.peek().t === shown) newest.current.show((shown = at))
      } else {
        const after = player.gap.peek()?.after ?? null
        if (after === null || gone) return false
        skip(at, after)
      }
      return true
    }
    const run = async (): Promise<void> => {
      for (let t = place.peek().t; !gone && t !== null; t = place.peek().t) {
        if (!(await step(t))) {
          if (!gone) say('This is where the recording ends.')
          break
        }
        due = Math.max(due + 1000 / Math.min(MOST_FPS, newest.current.fps), performance.now())
        await new Promise((done) => setTimeout(done, due - performance.now()))
      }
      if (!gone) setOn(false)
    }
    void run()
    return () => {
      gone = true
    }
  }, [on])
  return { on, toggle: () => setOn(place.peek().t !== null && !on) }
}
