// A box of the flow: a process, a channel's depot, or what is at the end of an edge.

import type { JSX } from 'preact'
import type { Channel, Stage } from '../net/types'
import { station } from '../state/station'
import { bytes } from '../ui/format'
import { Sign } from '../ui/icons'
import type { CpuMeter } from './ledger'
import { Meter } from './wire'

interface Props {
  name: string
  stage: Stage | undefined
  channel: Channel | undefined
  cpu: CpuMeter
}

export function Box({ name, stage, channel, cpu }: Props): JSX.Element {
  if (stage) return <StageBox stage={stage} percent={cpu.percent(name)} />
  if (channel) return <DepotBox channel={channel} />
  return (
    <>
      <strong class="box-name">{name}</strong>
      <span class="quiet">{endOf(name)}</span>
    </>
  )
}

/** What frames come to where the station's own edges end. */
function endOf(name: string): string {
  const disk = station.value?.disk
  if (name === 'archive' && disk)
    return disk.budget === null ? bytes(disk.used) : `${bytes(disk.used)} of ${bytes(disk.budget)}`
  return name === 'wire' ? 'to other machines' : name.startsWith('viewer') ? 'open pages' : ''
}

function StageBox({ stage, percent }: { stage: Stage; percent: number | null }): JSX.Element {
  const sign =
    stage.state === 'running'
      ? 'live'
      : stage.state === 'failed'
        ? 'lost'
        : stage.state === 'restarting'
          ? 'late'
          : 'none'
  const restarted = stage.restarts > 0
  return (
    <>
      <strong class="box-name">
        <Sign state={sign} /> {stage.name}
      </strong>
      <span class={sign === 'lost' ? 'is-lost' : sign === 'late' ? 'is-late' : 'quiet'}>
        {stage.state}
        {stage.pid !== null && <span class="quiet"> · pid {stage.pid}</span>}
      </span>
      <span class="num quiet">
        {percent === null ? '–' : percent.toFixed(0)} % · {bytes(stage.rss)}
      </span>
      {restarted && (
        <span class="cause" title={stage.cause}>
          restarts {stage.restarts}
          {stage.cause !== '' && `: ${stage.cause}`}
        </span>
      )}
    </>
  )
}

function DepotBox({ channel }: { channel: Channel }): JSX.Element {
  const { depot } = channel
  return (
    <>
      <strong class="box-name">
        <Sign state={channel.state} /> {channel.name}
      </strong>
      <span class="quiet">
        {channel.width}×{channel.height} {channel.format}
      </span>
      {depot && depot.slots > 0 && (
        <span class="num quiet">
          {depot.held} of {depot.slots}
          <Meter
            calm
            value={depot.held}
            limit={depot.slots}
            label={`${bytes(depot.held * depot.slot_bytes)} of ${bytes(depot.slots * depot.slot_bytes)} held`}
          />
        </span>
      )}
    </>
  )
}
