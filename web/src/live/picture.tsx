// A live picture: edge to edge, with its figures, and greyed with a reason when it is no longer now.

import type { JSX } from 'preact'
import type { Channel } from '../net/types'
import { showFigures } from '../state/prefs'
import { findChannel, silentSince, stationNow, tick } from '../state/station'
import { clock, duration } from '../ui/format'
import { Sign } from '../ui/icons'
import { Figures } from './figures'
import { judge, type Verdict } from './stale'
import type { Surfaces } from './useview'
import type { LiveView } from './view'

/** What is to be said of the picture now; null while it is fresh. Read anew at each tick. */
export function verdictOf(view: LiveView | null, channel: Channel | undefined): Verdict | null {
  void tick.value
  const said = channel ?? view?.said.value
  return judge({
    ageMs: view?.age() ?? null,
    fpsTarget: channel?.fps_target ?? 0,
    broken: view?.broken.value ?? '',
    // While the station is silent, what it said last is no reason any more.
    state: silentSince.value === null ? (said?.state ?? '') : '',
    why: silentSince.value === null ? (said?.why ?? '') : '',
    since: said?.since ?? 0,
    now: stationNow(),
  })
}

export function Picture({ name, surfaces }: { name: string; surfaces: Surfaces }): JSX.Element {
  const { view, box, canvas, video } = surfaces
  const channel = findChannel(name)
  const verdict = verdictOf(view, channel)
  const surface = view?.surface.value ?? 'canvas'
  const size = view?.size.value ?? null
  const figures = view?.figures.value ?? []
  return (
    <div class={`picture ${verdict ? 'is-stale' : ''}`} ref={box}>
      <canvas ref={canvas} class="surface" hidden={surface !== 'canvas'} role="img" aria-label={`${name}, live`} />
      <video ref={video} class="surface" hidden={surface !== 'video'} muted playsInline aria-label={`${name}, live`} />
      {showFigures.value && size && figures.length > 0 && !verdict && (
        <Figures figures={figures} width={size.width} height={size.height} />
      )}
      {verdict && <Stale verdict={verdict} ageMs={view?.age() ?? null} />}
    </div>
  )
}

function Stale({ verdict, ageMs }: { verdict: Verdict; ageMs: number | null }): JSX.Element {
  return (
    <div class="stale">
      <p>
        <Sign state={verdict.sign} />
        <strong>{verdict.word}</strong>
        {verdict.since !== null && <span class="num"> since {clock(verdict.since)}</span>}
      </p>
      <p>{verdict.why}</p>
      {ageMs !== null && <p class="num">this picture is {duration(ageMs / 1000)} old</p>}
    </div>
  )
}
