// The data flow of the running config: boxes for what works, edges with their books.

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { NoChannels } from '../live/empty'
import type { Edge } from '../net/types'
import { go, place } from '../state/route'
import { edges, findChannel, stages, station, stationNow } from '../state/station'
import { clock } from '../ui/format'
import { key, useKeys } from '../ui/keys'
import { Box } from './box'
import { EdgePanel } from './edge'
import { BOX_W, CREW, draw, flowOf, ranks, type Flow as Books, type Node } from './graph'
import { CpuMeter, losses } from './ledger'
import { WireLabel } from './wire'

const NARROW = 760
/** An edge's label with the room beside it, as the style has it. */
const LABEL_W = 148

export function Pipeline(): JSX.Element {
  const room = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const [cpu] = useState(() => new CpuMeter())
  const all = stages.value
  useEffect(() => cpu.note(all ?? [], stationNow()), [all])
  useEffect(() => {
    if (!room.current) return
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    watch.observe(room.current)
    return () => watch.disconnect()
  }, [])
  const wires = edges.value ?? []
  const select = (edge: Edge): void => go({ edge: edge.name === place.value.edge ? '' : edge.name })
  const selected = wires.find((each) => each.name === place.value.edge)
  useKeys('Pipeline', [key('Escape', 'close the edge shown', () => go({ edge: '' }))])
  const empty = wires.length === 0 && all?.every((each) => each.kind === 'web') === true
  return (
    <section class="screen pipeline" aria-label="Pipeline">
      <div class="flow-room" ref={room}>
        {empty ? (
          <NoChannels />
        ) : (
          width > 0 &&
          (width < NARROW ? (
            <FlowList cpu={cpu} onSelect={select} />
          ) : (
            <Flow cpu={cpu} width={width} onSelect={select} />
          ))
        )}
        {!empty && !selected && <p class="quiet hint">Choose an edge for its books and its last ten minutes.</p>}
        <News />
      </div>
      {selected && <EdgePanel edge={selected} />}
    </section>
  )
}

interface FlowProps {
  cpu: CpuMeter
  onSelect(edge: Edge): void
}

function useFlow(): Books {
  const only = place.value.station
  const of = (name: string): boolean => only === '' || name === '' || (findChannel(name)?.station ?? only) === only
  return flowOf(
    (stages.value ?? []).filter((each) => of(each.channel)),
    (edges.value ?? []).filter((each) => of(each.channel)),
  )
}

function Flow({ cpu, width, onSelect }: FlowProps & { width: number }): JSX.Element {
  const drawing = draw(useFlow(), width - 2)
  return (
    <div class="flow-scroll">
      <div class="flow" style={{ width: `${drawing.width + 2}px`, height: `${drawing.height + 2}px` }}>
        <svg width={drawing.width} height={drawing.height} aria-hidden="true">
          {drawing.wires.map(({ edge, x0, y0, x1, y1 }) => {
            // Straight past the label, so that no strand runs behind another's.
            const bend = Math.min(x1 - 24, x0 + LABEL_W)
            const half = (x1 - bend) / 2
            return (
              <path
                key={edge.name}
                class={`strand ${losses(edge).length > 0 ? 'is-lossy' : ''} ${edge.name === place.value.edge ? 'is-chosen' : ''}`}
                d={`M${x0} ${y0}H${bend}C${bend + half} ${y0} ${x1 - half} ${y1} ${x1} ${y1}`}
              />
            )
          })}
          {drawing.ties.map((d) => (
            <path key={d} class="strand is-idle" d={d} />
          ))}
          {drawing.nodes.map((node) =>
            node.crew.map((name, k) => (
              <path key={name} class="strand" d={`M${node.x + 10} ${node.y + node.h}V${crewY(node, k) + 31}h10`} />
            )),
          )}
        </svg>
        {drawing.nodes.map((node) => [
          <Box key={node.name} name={node.name} cpu={cpu} style={at(node.x, node.y, BOX_W, node.h)} />,
          node.crew.map((name, k) => (
            <Box
              key={name}
              name={name}
              of={node.name}
              cpu={cpu}
              style={at(node.x + CREW.indent, crewY(node, k), BOX_W - CREW.indent, CREW.h)}
            />
          )),
        ])}
        {drawing.wires.map(({ edge, x0, y0 }) => (
          <div key={edge.name} class="wire-place" style={{ left: `${x0 + 8}px`, top: `${Math.round(y0 - 20)}px` }}>
            <WireLabel edge={edge} selected={edge.name === place.value.edge} onSelect={() => onSelect(edge)} />
          </div>
        ))}
      </div>
    </div>
  )
}

function crewY(node: Node, k: number): number {
  return node.y + node.h + 4 + k * CREW.step
}

function at(x: number, y: number, w: number, h: number): Record<string, string> {
  return { left: `${x}px`, top: `${y}px`, width: `${w}px`, height: `${h}px` }
}

/** The same as a list, where there is no room for a drawing. */
function FlowList({ cpu, onSelect }: FlowProps): JSX.Element {
  const flow = useFlow()
  const rank = ranks(flow.names, [...flow.edges, ...flow.joins])
  const names = [...flow.names].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0))
  return (
    <ul class="flow-list">
      {names.map((name) => (
        <li key={name}>
          <Box name={name} cpu={cpu} />
          {flow.crews.get(name)?.map((each) => (
            <Box key={each} name={each} of={name} cpu={cpu} />
          ))}
          {flow.edges
            .filter((each) => each.source === name)
            .map((edge) => (
              <div key={edge.name} class="hop">
                <span>→ {edge.target}</span>
                <WireLabel edge={edge} selected={edge.name === place.value.edge} onSelect={() => onSelect(edge)} />
              </div>
            ))}
        </li>
      ))}
    </ul>
  )
}

function News(): JSX.Element | null {
  const news = station.value?.news ?? []
  if (news.length === 0) return null
  return (
    <section class="news">
      <h2>What happened</h2>
      <ul>
        {[...news]
          .sort((a, b) => b.t - a.t)
          .map((each) => (
            <li key={`${each.t} ${each.text}`}>
              <time>{clock(each.t)}</time> {each.text}
            </li>
          ))}
      </ul>
    </section>
  )
}
