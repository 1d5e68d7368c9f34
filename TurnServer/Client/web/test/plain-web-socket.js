// A WebSocket for tests in Node, which has none before version 22: text messages over ws://, without TLS and checks.
// Not part of the package.

import { createHash, randomBytes } from "node:crypto";
import { createServer, get } from "node:http";
import { once } from "node:events";

const TEXT = 1, CLOSE = 8, PING = 9, PONG = 10;

function frameOf(opcode, payload, mask) {
    const { length } = payload, head = [0x80 | opcode];
    if (length < 126) head.push(length);
    else if (length < 65536) head.push(126, length >> 8, length & 255);
    else head.push(127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255);
    if (!mask) return Buffer.concat([Buffer.from(head), payload]);
    head[1] |= 0x80;
    return Buffer.concat([Buffer.from(head), mask, payload.map((byte, i) => byte ^ mask[i % 4])]);
}

// Takes a frame from the beginning of a buffer: [first byte, payload, rest], or null if it is not complete.
function takeFrame(buffer) {
    if (buffer.length < 2) return null;
    let length = buffer[1] & 127, at = 2;
    if (length === 126) [length, at] = [buffer.length < 4 ? Infinity : buffer.readUInt16BE(2), 4];
    else if (length === 127) [length, at] = [buffer.length < 10 ? Infinity : buffer.readUInt32BE(6), 10];
    const mask = buffer[1] & 128 ? buffer.subarray(at, at += 4) : null;
    if (buffer.length < at + length) return null;
    const payload = buffer.subarray(at, at + length);
    return [buffer[0], mask ? payload.map((byte, i) => byte ^ mask[i % 4]) : payload, buffer.subarray(at + length)];
}

// Calls onFrame(opcode, payload) for each frame that comes, and for a message in several frames once.
function readFrames(stream, head, onFrame) {
    let buffer = head, parts = [];
    const read = () => {
        for (let frame; (frame = takeFrame(buffer));) {
            const [first, payload, rest] = frame, opcode = first & 15, isLast = first >= 128;
            buffer = rest;
            if (opcode < CLOSE) parts.push(payload);
            if (opcode >= CLOSE) onFrame(opcode, payload);
            else if (isLast) onFrame(TEXT, Buffer.concat(parts.splice(0)));
        }
    };
    stream.on("data", bytes => {
        buffer = Buffer.concat([buffer, bytes]);
        read();
    });
    read();
}

/** What turn-client.js uses of a browser's WebSocket. */
export class PlainWebSocket {
    constructor(url, subprotocol) {
        this.protocol = "";
        this._stream = null;
        this._isOver = false;
        this._request = get(url.replace(/^ws:/, "http:"), {
            agent: false,
            headers: {
                Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": randomBytes(16).toString("base64"), "Sec-WebSocket-Protocol": subprotocol,
            },
        });
        this._request.on("error", error => this._end(error.message || error.code));
        this._request.on("response", response => {
            response.resume();
            this._end(`the answer was ${response.statusCode}`);
        });
        this._request.on("upgrade", (response, stream, head) => this._open(response, stream, head));
    }

    send(message) {
        this._write(TEXT, Buffer.from(message));
    }

    close() {
        if (this._stream) this._write(CLOSE, Buffer.from([3, 232]));
        else this._request.destroy();
    }

    _open(response, stream, head) {
        this._stream = stream;
        this.protocol = response.headers["sec-websocket-protocol"] || "";
        stream.setNoDelay(true);
        stream.on("error", () => {});
        stream.on("close", () => this._end());
        this.onopen({});
        readFrames(stream, head, (opcode, payload) => {
            if (opcode === TEXT) this.onmessage({ data: payload.toString() });
            else if (opcode === PING) this._write(PONG, payload);
            else if (opcode === CLOSE) {
                this._reason = payload.subarray(2).toString();
                this._write(CLOSE, payload.subarray(0, 2));
                stream.end();
            }
        });
    }

    _write(opcode, payload) {
        if (!this._stream.destroyed) this._stream.write(frameOf(opcode, payload, randomBytes(4)));
    }

    _end(error) {
        if (this._isOver) return;
        this._isOver = true;
        if (error) this.onerror({ message: error });
        this.onclose({ reason: this._reason || "" });
    }
}

/** A server of WebSockets: calls onMessage(text, reply, stream) for each message. */
export async function startSocketServer(onMessage) {
    const server = createServer(), streams = new Set();
    let connections = 0;
    server.on("upgrade", (request, stream, head) => {
        connections++;
        streams.add(stream);
        stream.on("error", () => {});
        stream.on("close", () => streams.delete(stream));
        const accept = createHash("sha1")
            .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        stream.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + `Sec-WebSocket-Protocol: turn.1\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
        const write = (opcode, payload) => stream.destroyed || stream.write(frameOf(opcode, payload));
        readFrames(stream, head, (opcode, payload) => {
            if (opcode === TEXT) onMessage(payload.toString(), text => write(TEXT, Buffer.from(text)), stream);
            else if (opcode === CLOSE) {
                write(CLOSE, payload);
                stream.end();
            }
        });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return {
        url: `ws://127.0.0.1:${server.address().port}/`,
        connections: () => connections,
        open: () => streams.size,
        close() {
            server.close();
            streams.forEach(stream => stream.destroy());
        },
    };
}
