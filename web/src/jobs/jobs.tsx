// Everything the station was asked to make: shots, exports, moves.

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { go, place } from '../state/route'
import { jobs } from '../state/station'
import { HOME } from '../state/url'
import { Link } from '../ui/link'
import { JobRow } from './row'
import { chosen, tally, type Which } from './said'

const AT_FIRST = 100
const FILTERS: readonly [Which, string][] = [
  ['', 'All'],
  ['open', 'Open'],
  ['done', 'Done'],
  ['failed', 'Failed'],
]

export function Jobs(): JSX.Element {
  const all = jobs.value
  const [most, setMost] = useState(AT_FIRST)
  const { jobs: which, find } = place.value
  const shown = chosen(all ?? [], which, find)
  const count = tally(all ?? [])
  return (
    <section class="screen" aria-label="Jobs">
      <div class="bar">
        <span class="group" role="group" aria-label="Which jobs">
          {FILTERS.map(([name, word]) => (
            <button key={name} type="button" aria-pressed={which === name} onClick={() => go({ jobs: name })}>
              {word} <span class="num quiet">{count[name]}</span>
            </button>
          ))}
        </span>
        <input
          type="search"
          aria-label="Find"
          placeholder="Find by channel or name"
          value={find}
          onInput={(event) => go({ find: event.currentTarget.value }, { replace: true })}
        />
      </div>
      {all !== null && all.length === 0 && <NoJobs />}
      {shown.length > 0 && (
        <table class="jobs">
          <thead>
            <tr>
              <th scope="col">
                <span class="sr">Picture</span>
              </th>
              <th scope="col">What</th>
              <th scope="col">State</th>
              <th scope="col" class="right">
                Tries
              </th>
              <th scope="col" class="right">
                Age
              </th>
              <th scope="col" class="right">
                Size
              </th>
              <th scope="col">
                <span class="sr">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.slice(0, most).map((job) => (
              <JobRow key={job.id} job={job} />
            ))}
          </tbody>
        </table>
      )}
      {all !== null && all.length > 0 && shown.length === 0 && (
        <p class="quiet">None of the {all.length} jobs is like that.</p>
      )}
      {shown.length > most && (
        <button type="button" onClick={() => setMost(most + AT_FIRST)}>
          Show more
        </button>
      )}
    </section>
  )
}

function NoJobs(): JSX.Element {
  return (
    <div class="empty">
      <h2>Nothing was asked for yet</h2>
      <p>
        Press <kbd>s</kbd> on the <Link to={{ ...HOME }}>Live</Link> screen for a snapshot, or mark a stretch on the{' '}
        <Link to={{ ...HOME, screen: 'timeline' }}>Timeline</Link> with <kbd>i</kbd> and <kbd>o</kbd> and export it.
        From a program:
      </p>
      <pre>
        {'curl -X POST -H "Content-Type: application/json" \\\n  -d \'{"channel": "front"}\' ' +
          location.origin +
          '/api/shots'}
      </pre>
    </div>
  )
}
