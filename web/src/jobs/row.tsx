// One job: what it makes, how it stands, and what can be done about it.

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { post, remove } from '../net/api'
import type { Job } from '../net/types'
import { stationNow, tick } from '../state/station'
import { brief, bytes, clock, day, duration } from '../ui/format'
import { Icon, Sign } from '../ui/icons'
import { sayFault } from '../ui/toast'
import { fileName, isOpen, reason, stateSign, stateWord } from './said'

export function JobRow({ job }: { job: Job }): JSX.Element {
  void tick.value
  const [broken, setBroken] = useState<string | null>(null)
  const why = reason(job)
  const path = `/api/jobs/${encodeURIComponent(job.id)}`
  const act = (what: string, doing: Promise<unknown>): void => {
    doing.catch((error: unknown) => sayFault(what, error))
  }
  return (
    <tr data-job={job.id} data-state={job.state}>
      <td class="thumb">
        {job.thumb && job.thumb !== broken ? (
          <img src={job.thumb} alt="" loading="lazy" width="96" height="54" onError={() => setBroken(job.thumb)} />
        ) : (
          <span class="no-thumb">
            <Icon name={job.kind === 'shot' ? 'snapshot' : 'play'} />
          </span>
        )}
      </td>
      <td class="what">
        <span>
          <strong>{job.kind}</strong> of {job.channel} <Stretch job={job} />
        </span>
        <span class="quiet path" title={job.path}>
          {fileName(job.path)}
        </span>
        {why !== '' && <span class="is-lost why">{why}</span>}
      </td>
      <td class="state">
        <span class="state-word">
          <Sign state={stateSign(job)} /> {stateWord(job)}
        </span>
        {job.state === 'saving' && job.progress > 0 && (
          <span class="state-word">
            <progress max={100} value={Math.round(job.progress * 100)} aria-label="Progress" />
            <span class="num">{Math.round(job.progress * 100)} %</span>
          </span>
        )}
      </td>
      <td class="num right" data-label="tries">
        {job.tries}
      </td>
      <td class="num right" data-label="age" title={`${day(job.created)} ${clock(job.created)}`}>
        {brief(stationNow() - job.created)}
      </td>
      <td class="num right" data-label="size">
        {job.bytes > 0 ? bytes(job.bytes) : '–'}
      </td>
      <td class="acts">
        {isOpen(job) && (
          <button type="button" onClick={() => act('Not cancelled', remove(path))}>
            Cancel
          </button>
        )}
        {(job.state === 'error' || job.state === 'cancelled') && (
          <button type="button" onClick={() => act('Not tried again', post(`${path}/retry`))}>
            Retry
          </button>
        )}
        {job.file && (
          <a class="button" href={job.file} target="_blank" rel="noreferrer">
            Open
          </a>
        )}
      </td>
    </tr>
  )
}

/** Which moment or stretch it is of. */
function Stretch({ job }: { job: Job }): JSX.Element | null {
  if (job.from && job.to) {
    return (
      <span class="quiet num">
        {clock(job.from)}, {duration(job.to - job.from)}
      </span>
    )
  }
  return job.t ? <span class="quiet num">{`${day(job.t)} ${clock(job.t)}`}</span> : null
}
