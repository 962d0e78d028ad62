"use strict";
// Draws a live view in one of four ways, and reads from the canvas at each animation frame what time is painted there.
const glass = document.getElementById("glass");
const pen = glass.getContext("2d", { willReadFrequently: true });
const now = () => performance.timeOrigin + performance.now();
const seen = { ages: [], last: -1, wrong: 0, from: Infinity };
let redraw = () => {};

function size(width, height) {
  if (glass.width !== width || glass.height !== height) { glass.width = width; glass.height = height; }
}

function strip() {
  if (!glass.width) return;
  const row = glass.height - Math.max(1, Math.round(glass.height / 60));
  const line = pen.getImageData(0, row, glass.width, 1).data;
  const cell = (at) => (line[4 * Math.floor((at + 0.5) * glass.width / 80)] > 127 ? 1 : 0);
  const word = (from, bits) => { let value = 0; for (let at = 0; at < bits; at++) value = value * 2 + cell(from + at); return value; };
  if (word(0, 8) !== 0b10110010) { return; }
  const number = word(8, 32), drawn = word(40, 32);
  if (number === seen.last) return;
  seen.last = number;
  if (now() < seen.from) return;
  const age = (Math.floor(now()) % 2 ** 32) - drawn;
  if (age < -1000 || age > 60000) { seen.wrong += 1; return; }
  seen.ages.push(age);
}

function tick() { redraw(); strip(); requestAnimationFrame(tick); }

function ack(socket, number) {
  const said = new DataView(new ArrayBuffer(8));
  said.setUint32(0, Number(number & 0xffffffffn));
  said.setUint32(4, Math.floor(now()) % 2 ** 32);
  socket.send(said.buffer);
}

function open(codec, onWord, onPicture) {
  const socket = new WebSocket(`ws://${location.host}/ws/live/card?codec=${codec}`);
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event) => {
    if (typeof event.data === "string") { onWord(JSON.parse(event.data)); return; }
    const head = new DataView(event.data);
    const flags = head.getUint8(1), number = head.getBigUint64(8);
    onPicture(new Uint8Array(event.data, 24), flags, () => ack(socket, number));
  };
}

function jpeg() {
  open("jpeg", () => {}, async (bytes, _, done) => {
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    size(picture.width, picture.height);
    pen.drawImage(picture, 0, 0);
    picture.close();
    done();
  });
}

function h264() {
  const waiting = [];
  const decoder = new VideoDecoder({
    output: (frame) => {
      size(frame.displayWidth, frame.displayHeight);
      pen.drawImage(frame, 0, 0);
      frame.close();
      waiting.shift()();
    },
    error: (error) => { seen.wrong += 1; console.log(String(error)); },
  });
  let stamp = 0;
  open("h264", (word) => {
    if (word.type === "hello") decoder.configure({ codec: word.mime, optimizeForLatency: true });
  }, (bytes, flags, done) => {
    waiting.push(done);
    decoder.decode(new EncodedVideoChunk({ type: flags & 1 ? "key" : "delta", timestamp: stamp++, data: bytes }));
  });
}

function fmp4() {
  const video = document.createElement("video");
  video.muted = true;
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  let buffer = null;
  const queue = [];
  const feed = () => {
    if (buffer && !buffer.updating && queue.length) {
      const [bytes, done] = queue.shift();
      buffer.appendBuffer(bytes);
      if (done) done();
    }
  };
  const follow = () => {
    if (!video.buffered.length) return;
    const end = video.buffered.end(video.buffered.length - 1);
    if (end - video.currentTime > 0.25 || video.currentTime < video.buffered.start(video.buffered.length - 1)) {
      video.currentTime = Math.max(0, end - 0.04);
    }
    if (video.paused) video.play();
  };
  source.onsourceopen = () => open("fmp4", (word) => {
    if (word.type === "hello" && !buffer) {
      buffer = source.addSourceBuffer(word.mime);
      buffer.onupdateend = () => { follow(); feed(); };
    }
  }, (bytes, flags, done) => { queue.push([bytes, flags & 2 ? null : done]); feed(); });
  redraw = () => {
    if (video.videoWidth) { size(video.videoWidth, video.videoHeight); pen.drawImage(video, 0, 0); }
  };
}

function mjpeg() {
  const picture = new Image();
  picture.src = "/api/channels/card/live.mjpg?fps=30";
  redraw = () => {
    if (picture.naturalWidth) { size(picture.naturalWidth, picture.naturalHeight); pen.drawImage(picture, 0, 0); }
  };
}

window.begin = (way) => { ({ jpeg, h264, fmp4, mjpeg })[way](); requestAnimationFrame(tick); };
window.mark = () => { seen.ages = []; seen.from = 0; };
window.seen = seen;
