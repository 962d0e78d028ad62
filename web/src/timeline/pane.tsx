// The large picture: live, or of a moment.

import type { JSX, RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Badge } from '../live/badge'
import { Picture, verdictOf } from '../live/picture'
import { useView } from '../live/useview'
import { findChannel, stationNow } from '../state/station'
import { clock, clockMs, count, day } from '../ui/format'
import { Sign } from '../ui/icons'
import { gapAt } from './bars'
import type { Lane } from './recorded'
import { Scrub } from './scrub'

export function LivePane({ name }: { name: string }): JSX.Element {
  const surfaces = useView(name, { w: 0, fps: 0 }, false)
  const channel = findChannel(name)
  const verdict = verdictOf(surfaces.view, channel)
  return (
    <figure class="pane" data-channel={name}>
      <Picture name={name} surfaces={surfaces} />
      <figcaption>
        <Sign state={verdict ? verdict.sign : 'live'} />
        <span>{name}, now</span>
        <span class="grow" />
        <Badge view={surfaces.view} station={channel?.station} target={channel?.fps_target ?? 0} />
      </figcaption>
    </figure>
  )
}

interface Props {
  name: string
  t: number
  moving: RefObject<boolean>
  figures: boolean
  lane: Lane | undefined
  /** Somebody else shows one moment after the other. */
  playing: boolean
  /** Where the keys find it. */
  scrub: RefObject<Scrub | null>
  onMoment(t: number): void
}

export function StillPane({ name, t, moving, figures, lane, playing, scrub, onMoment }: Props): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [mine, setMine] = useState<Scrub | null>(null)
  useEffect(() => {
    if (!canvas.current) return
    const made = new Scrub(canvas.current)
    scrub.current = made
    setMine(made)
    return () => {
      made.close()
      scrub.current = null
    }
  }, [])
  useEffect(() => {
    if (playing) return
    const gap = lane ? gapAt(lane.spans, lane.view, t, stationNow()) : null
    // Where both ends are in sight: the station knows those that are not.
    const known = gap?.before && gap.after ? { ...gap, why: 'nothing was recorded then', remedy: '' } : null
    mine?.show(name, t, figures, moving.current === true, known)
  }, [mine, name, t, figures, playing])

  const shown = mine?.shown.value ?? null
  const gap = mine?.gap.value ?? null
  return (
    <figure
      class="pane"
      data-channel={name}
      data-frame={shown && !gap ? shown.number : undefined}
      data-exact={shown && !gap ? shown.exact : undefined}
    >
      <div class={`picture ${gap ? 'is-stale' : ''}`}>
        <canvas ref={canvas} class="surface" role="img" aria-label={`${name} at ${day(t)} ${clockMs(t)}`} />
        {gap && (
          <div class="stale">
            <p>
              <Sign state="lost" />
              <strong>{gap.why}</strong>
            </p>
            {gap.remedy !== '' && <p>{gap.remedy}</p>}
            <p class="jumps">
              {gap.before !== null && <Jump word="Before" t={gap.before} go={onMoment} />}
              {gap.after !== null && <Jump word="After" t={gap.after} go={onMoment} />}
            </p>
          </div>
        )}
      </div>
      <figcaption class="num">
        <Sign state={gap ? 'lost' : shown?.exact ? 'live' : 'late'} />
        <span>{name}</span>
        {shown && !gap ? (
          <>
            <span>
              {day(shown.captured)} <strong>{clockMs(shown.captured)}</strong>
            </span>
            <span>frame {count(shown.number)}</span>
            <span class="quiet">{playing ? 'playing' : shown.exact ? 'exact' : 'nearest key frame'}</span>
          </>
        ) : (
          <span class="quiet">
            {day(t)} {clockMs(t)}
          </span>
        )}
      </figcaption>
    </figure>
  )
}

function Jump({ word, t, go }: { word: string; t: number; go(t: number): void }): JSX.Element {
  return (
    <button type="button" onClick={() => go(t + 2e-6)}>
      {word}: <span class="num">{clock(t)}</span>
    </button>
  )
}
