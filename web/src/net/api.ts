// Asking the station. Every failure is a Fault: what went wrong, and what to do about it.

import { session } from '../state/session'

export class Fault extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly remedy = '',
    readonly body: Record<string, unknown> = {},
  ) {
    super(message)
  }
}

/** The answer to a request, whatever it holds. Raises Fault; AbortError when `signal` says so. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(path, { credentials: 'same-origin', ...init })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Fault('The station does not answer.', 0, 'See whether it still runs; this page tries again by itself.')
  }
  if (answer.ok) return answer
  const body = await readBody(answer)
  if (answer.status === 401) session.value = { needed: true, ok: false, name: '' }
  const said = typeof body.error === 'string' ? body.error : `The station answered ${answer.status}.`
  throw new Fault(said, answer.status, typeof body.remedy === 'string' ? body.remedy : '', body)
}

/** The JSON at `path`. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask(path, signal ? { signal } : {})
  return (await answer.json()) as T
}

/** Posts `body` as JSON and gives the answer, or null when it has no content. */
export async function post<T>(path: string, body: unknown = {}): Promise<T | null> {
  const answer = await ask(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return answer.status === 204 ? null : ((await answer.json()) as T)
}

export async function remove(path: string): Promise<void> {
  await ask(path, { method: 'DELETE' })
}

/** A path below a channel, with only those options that have a value. */
export function channelPath(channel: string, what: string, options: Record<string, unknown> = {}): string {
  const query = Object.entries(options)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`)
  const path = `/api/channels/${encodeURIComponent(channel)}/${what}`
  return query.length > 0 ? `${path}?${query.join('&')}` : path
}

/** The address of a socket beside this page. */
export function socketUrl(path: string): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`
}

async function readBody(answer: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await answer.json()
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  } catch {
    return {} // an error page of something in between
  }
}
