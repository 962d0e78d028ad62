// Any moment that was recorded: a large picture above, a bar per channel below.

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { snapshot } from '../live/actions'
import { NoChannels } from '../live/empty'
import { showFigures } from '../state/prefs'
import { go, place } from '../state/route'
import { channels, findChannel, shownChannels, stationNow, tick } from '../state/station'
import { endOfDay, startOfDay } from '../ui/format'
import { ExportPanel } from './export'
import { Lanes } from './lanes'
import { firstOfDay, isKept, useLanes } from './recorded'
import { LivePane, StillPane } from './pane'
import { TimelineBar } from './bar'
import { usePlay } from './play'
import type { Scrub } from './scrub'
import { useTimelineKeys } from './timelinekeys'
import { around, fitting, follow, pan, type View } from './zoom'

/** How far on either side of the moment the handles are put at first. */
const MARK_S = 15

export function Timeline(): JSX.Element {
  const all = shownChannels.value
  const names = all.map((each) => each.name)
  const kept = names.filter(isKept)
  const name = names.includes(place.value.channel) ? place.value.channel : (names[0] ?? '')
  const channel = findChannel(name)
  const { t, from, to, mark_in, mark_out } = place.value
  const first = useFirst(kept)
  void tick.value
  const now = stationNow()
  const view: View =
    from !== null && to !== null && to > from
      ? { from, to }
      : t === null || first === undefined
        ? fitting(first ?? null, now)
        : follow(fitting(first, now), t)
  const lanes = useLanes(first === undefined ? [] : kept, view)
  // Whether the moment still moves: then a key frame is enough.
  const moving = useRef(false)

  const setView = (next: View, replace = true): void => go({ from: next.from, to: next.to }, { replace })
  const moveTo = (moment: number, { keep = false, drag = false, as = name } = {}): void => {
    moving.current = drag
    const at = Math.min(moment, stationNow())
    const followed = keep ? view : follow(view, at)
    go({ channel: as, t: at, from: followed.from, to: followed.to }, { replace: drag })
  }
  // While now is looked at and has just left the view, the view goes after it; one that was moved elsewhere stays.
  useEffect(() => {
    const length = view.to - view.from
    if (t === null && from !== null && now > view.to && now - view.to < 5)
      setView(pan(view, now - view.to + length * 0.1))
  })

  const goDay = (moment: number): void => {
    moving.current = false
    const day = { from: startOfDay(moment), to: endOfDay(moment) }
    const same = moment >= view.from && moment <= view.to
    go({ channel: name, t: Math.min(moment, stationNow()), ...(same ? view : day) })
  }
  const mark = (): void => {
    const middle = t ?? now - MARK_S
    go({ mark_in: middle - MARK_S, mark_out: Math.min(now, middle + MARK_S) })
  }
  const setNow = (): void => go({ t: null, from: null, to: null, channel: name })
  const zoomTo = (length: number | null): void =>
    length === null ? go({ from: null, to: null }) : setView(around(t ?? now, length, now), false)

  const scrub = useRef<Scrub | null>(null)
  const lane = lanes.value.get(name)
  const fps = channel?.fps || channel?.fps_target || 25
  const play = usePlay({
    name,
    lane,
    fps,
    scrub,
    show: (moment) => {
      moveTo(moment, { drag: true })
      moving.current = false
    },
  })
  const step = useTimelineKeys({ name, t, view, fps, scrub, play: play.toggle, moveTo, setView, setNow, mark })

  if (channels.value !== null && names.length === 0) {
    return (
      <section class="screen" aria-label="Timeline">
        <NoChannels />
      </section>
    )
  }
  return (
    <section class="screen timeline" aria-label="Timeline">
      <TimelineBar
        name={name}
        names={names}
        t={t}
        now={now}
        onChannel={(as) => go({ channel: as })}
        onMoment={goDay}
        onNow={setNow}
        onZoom={zoomTo}
        onMark={mark}
        onSnapshot={() => void snapshot(name, t)}
        onStep={step}
        playing={play.on}
        onPlay={play.toggle}
      />
      {name === '' ? null : t === null ? (
        <LivePane key={name} name={name} />
      ) : (
        <StillPane
          key={name}
          name={name}
          t={t}
          moving={moving}
          figures={showFigures.value}
          lane={lane}
          playing={play.on}
          scrub={scrub}
          onMoment={(moment) => moveTo(moment)}
        />
      )}
      {mark_in !== null && mark_out !== null && channel && (
        <ExportPanel channel={channel} from={mark_in} to={mark_out} />
      )}
      {channel?.recorded === false && (
        <p>
          {name} is not recorded. <code>record = true</code> in its table of the config, or{' '}
          <code>rushes up --record</code>, begins it.
        </p>
      )}
      <Lanes
        names={names}
        channel={name}
        lanes={lanes.value}
        view={view}
        t={t ?? now}
        now={now}
        marked={{ mark_in, mark_out }}
        onView={setView}
        onScrub={(as, moment) => moveTo(moment, { keep: true, drag: true, as })}
        onMark={(handle, moment) => go({ [handle]: moment }, { replace: true })}
        onSelect={(as) => go({ channel: as })}
      />
    </section>
  )
}

/** When today's recording began; undefined until that is known. */
function useFirst(names: string[]): number | null | undefined {
  const [first, setFirst] = useState<number | null | undefined>(undefined)
  const all = names.join('\n')
  useEffect(() => {
    let gone = false
    if (all !== '') {
      void firstOfDay(names).then((found) => {
        if (!gone) setFirst(found)
      })
    }
    return () => {
      gone = true
    }
  }, [all])
  return first
}
