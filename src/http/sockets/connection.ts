import type { OnReadOpts, Socket } from 'node:net';
import { ReadBuffers } from './read-buffers.ts';

/** Who waits for the bytes of a connection. */
export interface Listener {
  /** There are bytes to take. */
  readonly arrived: () => void;
  /** No more will come. */
  readonly ended: (error: Error) => void;
}

const closed = (): Error => Object.assign(new Error('closed'), { code: 'ECONNRESET' });

/** A socket that is read into memory of its own, for one listener at a time. */
export class Connection {
  readonly #buffers = new ReadBuffers();
  readonly #socketOf: () => Socket;
  #listener: Listener | undefined;
  #end: Error | undefined;
  #isPaused = false;

  constructor(socketOf: () => Socket) {
    this.#socketOf = socketOf;
  }

  get socket(): Socket {
    return this.#socketOf();
  }

  /** For the constructor of the socket. */
  get onread(): OnReadOpts {
    return {
      buffer: () => this.#buffers.room(),
      callback: (count) => {
        this.#buffers.filled(count);
        if (this.#listener === undefined) this.destroy();
        this.#listener?.arrived();
        this.#isPaused = this.#buffers.isFull;
        return !this.#isPaused;
      },
    };
  }

  /** Starts to read the connected socket. */
  open(): void {
    const { socket } = this;
    const end = (error: Error): void => {
      this.#end ??= error;
      socket.destroy();
      this.#listener?.ended(this.#end);
    };
    socket
      .on('error', end)
      .on('end', () => end(closed()))
      .on('close', () => end(closed()));
    if (socket.errored !== null) end(socket.errored);
    socket.resume();
  }

  /** Without a listener, no request was sent, and unasked bytes end the connection. */
  listen(listener: Listener | undefined): void {
    this.#listener = listener;
    if (listener === undefined) {
      if (!this.#buffers.isEmpty) this.destroy();
      this.socket.unref();
    } else {
      this.socket.ref();
    }
  }

  /** The connection is over. */
  get ending(): Error | undefined {
    return this.#end;
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** The next bytes, valid until the next call; undefined: none yet. */
  take(): Buffer | undefined {
    const bytes = this.#buffers.take();
    if (this.#isPaused && !this.#buffers.isFull) {
      this.#isPaused = false;
      this.socket.resume();
    }
    return bytes;
  }

  destroy(error: Error = closed()): void {
    this.#end ??= error;
    this.socket.destroy();
  }
}
