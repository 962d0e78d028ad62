// A box of the flow: a process, a channel's depot, or what is at the end of an edge.

import type { JSX } from 'preact'
import type { Channel, Stage } from '../net/types'
import { findChannel, stages, station } from '../state/station'
import { bytes } from '../ui/format'
import { Sign } from '../ui/icons'
import type { CpuMeter } from './ledger'
import { Meter } from './wire'

interface Props {
  name: string
  /** Whose worker it is. */
  of?: string
  cpu: CpuMeter
  /** Where it stands in the drawing. */
  style?: Record<string, string>
}

export function Box({ name, of, cpu, style }: Props): JSX.Element {
  const stage = stages.value?.find((each) => each.name === name)
  const channel = findChannel(name)
  return (
    <div class={of ? 'box is-crew' : 'box'} data-node={name} data-crew-of={of} style={style}>
      {stage ? (
        <StageBox stage={stage} of={of} percent={cpu.percent(name)} />
      ) : channel ? (
        <DepotBox channel={channel} />
      ) : (
        <>
          <BoxName name={name} />
          <span class="quiet">{endOf(name)}</span>
        </>
      )}
    </div>
  )
}

interface NameProps {
  name: string
  /** The whole of it, where `name` is a part. */
  title?: string
  channel?: string
  sign?: string
}

/** Long names give way: first the channel's part, which the drawing tells as well. */
function BoxName({ name, title = name, channel = '', sign }: NameProps): JSX.Element {
  const own = channel !== '' && name.startsWith(`${channel} `)
  return (
    <strong class="box-name" title={title}>
      {sign && <Sign state={sign} />}
      {own && <span class="of">{channel}</span>} <span>{own ? name.slice(channel.length + 1) : name}</span>
    </strong>
  )
}

/** What frames come to where the station's own edges end. */
function endOf(name: string): string {
  const disk = station.value?.disk
  if (name === 'archive' && disk)
    return disk.budget === null ? bytes(disk.used) : `${bytes(disk.used)} of ${bytes(disk.budget)}`
  return name === 'wire' ? 'to other machines' : name.startsWith('viewer') ? 'open pages' : ''
}

const SIGNS: Record<string, 'live' | 'late' | 'lost'> = {
  running: 'live',
  restarting: 'late',
  failing: 'lost',
  failed: 'lost',
}

function StageBox({
  stage,
  of,
  percent,
}: {
  stage: Stage
  of?: string | undefined
  percent: number | null
}): JSX.Element {
  const { name, state, pid, restarts, cause } = stage
  const sign = SIGNS[state] ?? 'none'
  const word = (
    <span class={sign === 'lost' ? 'is-lost' : sign === 'late' ? 'is-late' : 'quiet'}>
      {state}
      {pid !== null && <span class="quiet"> · pid {pid}</span>}
    </span>
  )
  const restarted = restarts > 0 && (
    <span class="cause" title={cause}>
      restarts {restarts}
      {cause !== '' && `: ${cause}`}
    </span>
  )
  return (
    <>
      <BoxName name={of ? name.slice(of.length + 1) : name} title={name} channel={stage.channel} sign={sign} />
      {/* A worker has room for one of the two. */}
      {!(of && restarted && sign === 'live') && word}
      <span class="num quiet">
        {percent === null ? '–' : percent.toFixed(0)} % · {bytes(stage.rss)}
      </span>
      {(!of || sign === 'live') && restarted}
    </>
  )
}

function DepotBox({ channel }: { channel: Channel }): JSX.Element {
  const { depot } = channel
  return (
    <>
      <BoxName name={channel.name} sign={channel.state} />
      <span class="quiet">
        {channel.width > 0 ? `${channel.width}×${channel.height} ${channel.format}` : channel.state}
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
