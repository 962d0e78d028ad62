import { describe, expect, it } from 'vitest'
import type { Edge, Stage } from '../src/net/types'
import { CREW, draw, flowOf, ranks } from '../src/pipeline/graph'
import { allowedDrops, CpuMeter, ledgerLine, losses, missing } from '../src/pipeline/ledger'

function edge(source: string, target: string, more: Partial<Edge> = {}): Edge {
  return {
    name: `${source} -> ${target}`,
    source,
    target,
    channel: '',
    offered: 0,
    delivered: 0,
    dropped: {},
    waiting: 0,
    limit: null,
    allowed: [],
    fps_in: 0,
    fps_out: 0,
    lost: 0,
    adds_up: true,
    ...more,
  }
}

function stage(name: string, kind: string, channel = ''): Stage {
  return { name, kind, channel, pid: 1, state: 'running', restarts: 0, cause: '', cpu: 0, rss: 0 }
}

const EDGES = [
  edge('a source', 'a'),
  edge('a', 'work'),
  edge('a', 'recorder'),
  edge('b source', 'b'),
  edge('b', 'recorder'),
  edge('recorder', 'archive'),
]

describe('the flow', () => {
  const flow = flowOf([stage('web', 'web'), stage('a source', 'source', 'a')], EDGES)
  const { names } = flow

  it('leads from left to right', () => {
    const rank = ranks(names, EDGES)
    for (const each of EDGES) expect(rank.get(each.target)).toBeGreaterThan(rank.get(each.source) ?? 0)
    expect(rank.get('web')).toBe(0)
  })

  it('is drawn without boxes upon one another', () => {
    const { nodes, wires, width, height } = draw(flow, 1248)
    expect(nodes).toHaveLength(names.length)
    expect(wires).toHaveLength(EDGES.length)
    for (const [i, a] of nodes.entries()) {
      expect(a.y + a.h).toBeLessThanOrEqual(height)
      for (const b of nodes.slice(i + 1)) if (a.x === b.x) expect(a.y + a.h <= b.y || b.y + b.h <= a.y).toBe(true)
    }
    for (const { x0, x1 } of wires) expect(x1).toBeGreaterThan(x0)
    expect(width).toBeLessThanOrEqual(1248)
  })

  it('ends although an edge leads back', () => {
    expect(draw(flowOf([], [edge('a', 'b'), edge('b', 'a')]), 800).nodes).toHaveLength(2)
  })

  it('of nothing is nothing', () => {
    expect(draw(flowOf([], []), 800)).toEqual({ nodes: [], wires: [], ties: [], width: 0, height: 0 })
  })

  it('has workers below the one that deals out to them', () => {
    const stages = [
      stage('a work', 'dealer', 'a'),
      stage('a work worker 1', 'work', 'a'),
      stage('a work worker 2', 'work', 'a'),
      stage('b more', 'dealer', 'b'),
      stage('b more worker 1', 'work', 'b'),
    ]
    const wide = flowOf(stages, [...EDGES, edge('a', 'a work'), edge('b', 'b more')])
    expect(wide.names).not.toContain('a work worker 1')
    const { nodes, height } = draw(wide, 1248)
    const dealer = nodes.find((each) => each.name === 'a work')
    expect(dealer?.crew).toEqual(['a work worker 1', 'a work worker 2'])
    for (const a of nodes) {
      const end = a.y + a.h + a.crew.length * CREW.step
      expect(end).toBeLessThanOrEqual(height)
      for (const b of nodes) if (a.x === b.x && b.y > a.y) expect(end).toBeLessThanOrEqual(b.y)
    }
  })

  it('ties a source to its channel before anything has come', () => {
    const waiting = flowOf([stage('gone source', 'source', 'gone')], [edge('gone', 'viewers')])
    expect(waiting.joins).toEqual([{ source: 'gone source', target: 'gone' }])
    const { nodes, ties } = draw(waiting, 1248)
    expect(nodes.map((each) => each.name)).toEqual(['gone source', 'gone', 'viewers'])
    expect(ties).toHaveLength(1)
  })

  it('puts what nothing leads to right before what it leads to', () => {
    expect(
      ranks(['a source', 'a', 'viewers', 'others'], [...EDGES, edge('a', 'viewers'), edge('others', 'viewers')]).get(
        'others',
      ),
    ).toBe(1)
  })
})

describe('the books of an edge', () => {
  const books = edge('a', 'work', { offered: 18000, delivered: 17998, dropped: { late: 2 }, allowed: ['late'] })

  it('are one line', () => {
    expect(ledgerLine(books).replaceAll('\u202f', ' ')).toBe('offered 18 000 = delivered 17 998 + late 2 + waiting 0')
    expect(missing(books)).toBe(0)
    expect(missing({ ...books, waiting: 5 })).toBe(-5)
  })

  it('call a loss only what the policy did not allow', () => {
    expect(losses(books)).toEqual([])
    expect(allowedDrops(books)).toEqual([['late', 2]])
    expect(losses({ ...books, allowed: [] })).toEqual([['late', 2]])
    expect(losses({ ...books, dropped: { late: 0 }, allowed: [] })).toEqual([])
  })
})

describe('processor time', () => {
  it('is of the process that runs now', () => {
    const meter = new CpuMeter()
    meter.note([{ name: 'work', pid: 1, cpu: 10 }], 100)
    expect(meter.percent('work')).toBeNull()
    meter.note([{ name: 'work', pid: 1, cpu: 10.25 }], 101)
    expect(meter.percent('work')).toBeCloseTo(25)
    meter.note([{ name: 'work', pid: 2, cpu: 0.1 }], 102)
    expect(meter.percent('work')).toBeNull()
  })
})
