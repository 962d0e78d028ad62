// Where boxes and edges of the data flow stand (pure). Left to right by how far from a source; all lengths in pixels.

import type { Edge, Stage } from '../net/types'

export interface Node {
  name: string
  x: number
  y: number
  h: number
  /** Those that work for it, drawn below it. */
  crew: string[]
}

export interface Wire {
  edge: Edge
  /** Where it leaves its source and comes to its target. */
  x0: number
  y0: number
  x1: number
  y1: number
}

export interface Join {
  source: string
  target: string
}

export interface Flow {
  names: string[]
  edges: Edge[]
  joins: Join[]
  /** Of each that deals frames out, its workers. */
  crews: Map<string, string[]>
}

export interface Drawing {
  nodes: Node[]
  wires: Wire[]
  /** What belongs together without an edge, as paths. */
  ties: string[]
  width: number
  height: number
}

export const BOX_W = 168
export const BOX_H = 80
export const CREW = { indent: 20, h: 62, step: 66 }
const ROW_H = 46
const BETWEEN = 12
const GAP = { least: 188, most: 320 }

/** How many edges lie between a node and the farthest source. An edge that leads back counts for nothing. */
export function ranks(names: string[], edges: Join[]): Map<string, number> {
  const rank = new Map(names.map((name) => [name, 0]))
  for (let round = 0; round < names.length; round++) {
    let moved = false
    for (const { source, target } of edges) {
      const wanted = (rank.get(source) ?? 0) + 1
      if (source !== target && (rank.get(target) ?? 0) < wanted && wanted < names.length) {
        rank.set(target, wanted)
        moved = true
      }
    }
    if (!moved) break
  }
  // What nothing leads to stands before what it leads to, and not at the far left with boxes between.
  for (const name of names) {
    const next = edges.filter((each) => each.source === name).map((each) => rank.get(each.target) ?? 0)
    if (rank.get(name) === 0 && next.length > 0) rank.set(name, Math.max(0, Math.min(...next) - 1))
  }
  return rank
}

/** The whole drawing, as wide as there is room for and high as it must be. */
export function draw(flow: Flow, room: number): Drawing {
  const { names, edges, crews } = flow
  const all = [...edges, ...flow.joins]
  const rank = ranks(names, all)
  const columns: Node[][] = []
  for (const name of names) {
    const k = rank.get(name) ?? 0
    const most = Math.max(count(edges, 'source', name), Math.ceil(count(edges, 'target', name) / 2))
    const column = columns[k] ?? []
    column.push({ name, x: 0, y: 0, h: Math.max(BOX_H, most * ROW_H + 4), crew: crews.get(name) ?? [] })
    columns[k] = column
  }
  const shown = columns.filter((each) => each.length > 0)
  const gaps = Math.max(1, shown.length - 1)
  const gap = Math.min(GAP.most, Math.max(GAP.least, (room - shown.length * BOX_W) / gaps))
  for (const [k, column] of shown.entries()) for (const node of column) node.x = Math.round(k * (BOX_W + gap))
  const nodes = new Map(shown.flat().map((each) => [each.name, each]))
  arrange(shown, all, nodes)
  return {
    nodes: shown.flat(),
    wires: wiresOf(edges, nodes),
    ties: flow.joins.map(({ source, target }) => tie(nodes.get(source), nodes.get(target))),
    width: Math.max(0, shown.length * BOX_W + (shown.length - 1) * Math.round(gap)),
    height: Math.max(0, ...shown.flat().map((each) => each.y + reach(each))),
  }
}

function tie(from: Node | undefined, to: Node | undefined): string {
  return from && to ? `M${from.x + BOX_W} ${from.y + from.h / 2}L${to.x} ${to.y + to.h / 2}` : ''
}

/** How high a box is with those below it. */
function reach(node: Node): number {
  return node.h + node.crew.length * CREW.step
}

function count(edges: Join[], end: 'source' | 'target', name: string): number {
  return edges.filter((each) => each[end] === name).length
}

/** The highest column is stacked, the others settle beside what they are joined to. */
function arrange(columns: Node[][], edges: Join[], nodes: Map<string, Node>): void {
  columns.forEach(stack)
  const tallest = columns.reduce((best, each, k) => (total(each) > total(columns[best] ?? []) ? k : best), 0)
  const order = columns.map((_, k) => k).sort((a, b) => Math.abs(a - tallest) - Math.abs(b - tallest))
  for (const k of order.slice(1)) settle(columns[k] ?? [], edges, nodes)
}

function total(column: Node[]): number {
  return column.reduce((sum, each) => sum + reach(each) + BETWEEN, 0)
}

function stack(column: Node[]): void {
  let y = 0
  for (const node of column) {
    node.y = y
    y += reach(node) + BETWEEN
  }
}

function settle(column: Node[], edges: Join[], nodes: Map<string, Node>): void {
  // What is joined to nothing comes last, out of the way of the rest.
  const wish = new Map(column.map((node) => [node, middle(node, edges, nodes) - node.h / 2]))
  column.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0) || 0)
  let y = 0
  for (const node of column) {
    const wanted = wish.get(node) ?? 0
    node.y = Number.isFinite(wanted) ? Math.round(Math.max(y, wanted)) : y
    y = node.y + reach(node) + BETWEEN
  }
}

/** The mean height of what a node is joined to; infinite when that is nothing. */
function middle(node: Node, edges: Join[], nodes: Map<string, Node>): number {
  const ys: number[] = []
  for (const { source, target } of edges) {
    const other = source === node.name ? target : target === node.name ? source : null
    const found = other === null ? undefined : nodes.get(other)
    if (found) ys.push(found.y + found.h / 2)
  }
  return ys.length === 0 ? Infinity : ys.reduce((a, b) => a + b, 0) / ys.length
}

/** Each end of an edge has a place of its own on its box, in the order of what it leads to, so that few cross. */
function wiresOf(edges: Edge[], nodes: Map<string, Node>): Wire[] {
  const y0 = ends(edges, nodes, 'source', 'target')
  const y1 = ends(edges, nodes, 'target', 'source')
  const out: Wire[] = []
  for (const edge of edges) {
    const from = nodes.get(edge.source)
    const to = nodes.get(edge.target)
    if (from && to) out.push({ edge, x0: from.x + BOX_W, y0: y0.get(edge) ?? 0, x1: to.x, y1: y1.get(edge) ?? 0 })
  }
  return out
}

function ends(
  edges: Edge[],
  nodes: Map<string, Node>,
  near: 'source' | 'target',
  far: 'source' | 'target',
): Map<Edge, number> {
  const out = new Map<Edge, number>()
  for (const node of nodes.values()) {
    const mine = edges.filter((each) => each[near] === node.name)
    mine.sort((a, b) => (nodes.get(a[far])?.y ?? 0) - (nodes.get(b[far])?.y ?? 0))
    for (const [k, edge] of mine.entries()) out.set(edge, node.y + ((k + 0.5) * node.h) / mine.length)
  }
  return out
}

/** What is to be drawn of a station: its boxes, its edges, and what belongs together without an edge. */
export function flowOf(stages: Stage[], edges: Edge[]): Flow {
  const dealers = stages.filter((each) => each.kind === 'dealer').map((each) => each.name)
  const crews = new Map(dealers.map((each) => [each, [] as string[]]))
  const names = new Set(edges.flatMap((each) => [each.source, each.target]))
  const joins: Join[] = []
  for (const { name, kind, channel } of stages) {
    const dealer = kind === 'work' && dealers.find((each) => name.startsWith(`${each} worker `))
    if (dealer) {
      crews.get(dealer)?.push(name)
      continue
    }
    names.add(name)
    // A source that has brought nothing yet has no edge.
    if (kind === 'source' && !edges.some((each) => each.source === name)) {
      names.add(channel)
      joins.push({ source: name, target: channel })
    }
  }
  return { names: [...names], edges, joins, crews }
}
