// Where one can go: a rail at the left, at the bottom on narrow windows.

import type { JSX } from 'preact'
import { jobs } from './state/station'
import { place, screenPlace } from './state/route'
import type { Screen } from './state/url'
import { Icon, type IconName } from './ui/icons'
import { Link } from './ui/link'

export const RAIL: readonly { screen: Screen & IconName; title: string; key: string }[] = [
  { screen: 'live', title: 'Live', key: 'l' },
  { screen: 'timeline', title: 'Timeline', key: 't' },
  { screen: 'jobs', title: 'Jobs', key: 'j' },
  { screen: 'pipeline', title: 'Pipeline', key: 'p' },
  { screen: 'settings', title: 'Settings', key: ',' },
]

export function Rail(): JSX.Element {
  const open = (jobs.value ?? []).filter((each) => each.state === 'in_queue' || each.state === 'saving').length
  return (
    <nav class="rail" aria-label="Screens">
      {RAIL.map((each) => (
        <Link key={each.screen} to={screenPlace(each.screen)} current={place.value.screen === each.screen}>
          <Icon name={each.screen} />
          <span class="word">{each.title}</span>
          {each.screen === 'jobs' && open > 0 && (
            <span class="count num">
              {open}
              <span class="sr"> at work</span>
            </span>
          )}
        </Link>
      ))}
    </nav>
  )
}
