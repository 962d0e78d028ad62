// The frame of the page: rail, strip, and the screen that the address names.

import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { Jobs } from './jobs/jobs'
import { Live } from './live/live'
import { Login } from './login'
import { Pipeline } from './pipeline/pipeline'
import { Rail, RAIL } from './rail'
import { Settings } from './settings/settings'
import { go, place, screenPlace } from './state/route'
import { session } from './state/session'
import { station } from './state/station'
import type { Screen } from './state/url'
import { Strip } from './strip'
import { Timeline } from './timeline/timeline'
import { Help, helpOpen } from './ui/help'
import { key, useKeys } from './ui/keys'
import { Toasts } from './ui/toast'

const SCREEN: Record<Screen, () => JSX.Element> = {
  live: Live,
  timeline: Timeline,
  jobs: Jobs,
  pipeline: Pipeline,
  settings: Settings,
}

export function App(): JSX.Element {
  const who = session.value
  const { screen } = place.value
  const name = station.value?.name
  const title = RAIL.find((each) => each.screen === screen)?.title ?? ''
  useEffect(() => {
    document.title = name ? `${title} · ${name}` : 'rushes'
  }, [title, name])
  useKeys('Everywhere', [
    key('?', 'these keys', () => (helpOpen.value = true)),
    ...RAIL.map((each) => key(each.key, `${each.title} screen`, () => go(screenPlace(each.screen)))),
  ])
  if (who === null) return <div class="page" aria-busy="true" />
  if (who.needed && !who.ok) return <Login />
  const Shown = SCREEN[screen]
  return (
    <div class="page">
      <Rail />
      <Strip />
      <main>
        <Shown />
      </main>
      <Toasts />
      <Help />
    </div>
  )
}
