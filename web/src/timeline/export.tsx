// What is between the handles, as a file.

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { post, remove } from '../net/api'
import type { Channel, Job } from '../net/types'
import { go } from '../state/route'
import { jobs } from '../state/station'
import { bytes, clockMs, duration, sentences } from '../ui/format'
import { Icon, Sign } from '../ui/icons'
import { sayFault } from '../ui/toast'
import { estimateBytes } from './bars'

const FORMATS = ['mp4', 'gif', 'webp'] as const
type Format = (typeof FORMATS)[number]

interface Props {
  channel: Channel
  from: number
  to: number
}

export function ExportPanel({ channel, from, to }: Props): JSX.Element {
  const [format, setFormat] = useState<Format>('mp4')
  const [figures, setFigures] = useState(false)
  const [id, setId] = useState<string | null>(null)
  const job = jobs.value?.find((each) => each.id === id)
  const busy = job?.state === 'in_queue' || job?.state === 'saving'
  const seconds = to - from
  const size = estimateBytes(
    format,
    seconds,
    { ...channel, fps: channel.fps || channel.fps_target },
    doneBefore(channel.name, format),
  )

  const start = async (): Promise<void> => {
    try {
      const made = await post<Job>('/api/exports', { channel: channel.name, from, to, format, figures })
      setId(made?.id ?? null)
    } catch (error) {
      sayFault('Nothing was exported', error)
    }
  }

  return (
    <div class="export" role="group" aria-label="Export">
      <p class="num">
        {clockMs(from)} – {clockMs(to)}{' '}
        <span class="quiet">{seconds > 0 ? duration(seconds) : 'the end is before the beginning'}</span>
      </p>
      <label class="choice">
        <span>Format</span>
        <select value={format} onChange={(event) => setFormat(event.currentTarget.value as Format)}>
          {FORMATS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <label class="switch">
        <input type="checkbox" checked={figures} onChange={(event) => setFigures(event.currentTarget.checked)} />
        with figures
      </label>
      <span class="quiet">about {bytes(size)}</span>
      <button type="button" class="main" disabled={busy || seconds <= 0} onClick={() => void start()}>
        Export
      </button>
      <button
        type="button"
        class="bare"
        aria-label="Close export"
        onClick={() => go({ mark_in: null, mark_out: null })}
      >
        <Icon name="close" />
      </button>
      {job && <Progress job={job} />}
    </div>
  )
}

function Progress({ job }: { job: Job }): JSX.Element {
  const percent = Math.round(job.progress * 100)
  switch (job.state) {
    case 'success':
      return (
        <p class="outcome">
          <Sign state="live" /> Done, {bytes(job.bytes)}.{' '}
          {job.file && (
            <a href={job.file} download>
              Download
            </a>
          )}
        </p>
      )
    case 'error':
    case 'cancelled':
      return (
        <p class="outcome">
          <Sign state={job.state === 'error' ? 'lost' : 'none'} /> {sentences(job.error || 'cancelled', job.remedy)}
        </p>
      )
    default:
      return (
        <p class="outcome">
          <progress max={100} value={percent} aria-label="Export" /> <span class="num">{percent} %</span>{' '}
          <button
            type="button"
            onClick={() =>
              void remove(`/api/jobs/${job.id}`).catch((error: unknown) => sayFault('Not cancelled', error))
            }
          >
            Cancel
          </button>
        </p>
      )
  }
}

function doneBefore(channel: string, format: string): { seconds: number; bytes: number }[] {
  return (jobs.value ?? [])
    .filter(
      (each) =>
        each.kind === 'export' &&
        each.state === 'success' &&
        each.channel === channel &&
        each.path.endsWith(`.${format}`),
    )
    .map((each) => ({ seconds: (each.to ?? 0) - (each.from ?? 0), bytes: each.bytes }))
}
