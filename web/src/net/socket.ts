// A socket that comes back by itself.

import { pauseMs } from './backoff'

export interface Listener {
  opened?(): void
  text(message: Record<string, unknown>): void
  binary?(data: ArrayBuffer): void
  /** It broke; `why` as far as one can tell. Another try follows unless this socket was closed. */
  broke?(why: string, code: number): void
}

export class Socket {
  private socket: WebSocket | null = null
  private timer = 0
  private attempt = 0
  private closed = false

  /** `address` is asked anew for each try. */
  constructor(
    private readonly address: () => string,
    private readonly listener: Listener,
  ) {
    this.open()
  }

  get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN
  }

  /** Sends when there is somebody to send to; what is said to nobody is dropped, never kept. */
  send(data: string | ArrayBuffer): void {
    if (this.isOpen) this.socket?.send(data)
  }

  say(message: Record<string, unknown>): void {
    this.send(JSON.stringify(message))
  }

  /** Lets go of this connection and makes another at once, at the address as it now is. */
  renew(): void {
    if (this.closed) return
    this.drop()
    this.attempt = 0
    this.open()
  }

  close(): void {
    this.closed = true
    this.drop()
  }

  private drop(): void {
    clearTimeout(this.timer)
    const old = this.socket
    this.socket = null // its last events are nobody's any more
    // Browsers complain of one that is closed before it was open.
    if (old?.readyState === WebSocket.CONNECTING) old.onopen = () => old.close()
    else old?.close()
  }

  private open(): void {
    const socket = new WebSocket(this.address())
    socket.binaryType = 'arraybuffer'
    this.socket = socket
    socket.onopen = () => {
      if (this.socket === socket) this.listener.opened?.()
    }
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (this.socket !== socket) return
      this.attempt = 0
      if (typeof event.data !== 'string') this.listener.binary?.(event.data)
      else this.listener.text(JSON.parse(event.data) as Record<string, unknown>)
    }
    socket.onclose = (event) => {
      if (this.socket !== socket) return
      this.socket = null
      this.listener.broke?.(event.reason || 'the connection to the station broke', event.code)
      if (this.closed || this.socket !== null) return
      this.timer = window.setTimeout(() => this.open(), pauseMs(this.attempt, Math.random()))
      this.attempt += 1
    }
  }
}
