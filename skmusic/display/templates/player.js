// Plays samples while they arrive; one sound at a time.

const SILENCE = 1e-3;
const AHEAD = 1.5; // seconds that are scheduled before they are due
const SLICE = 0.25; // seconds of a scheduled part

/** Samples of a sound, one array a channel, which grow as they arrive. */
export class Track {
  constructor(rate, channels, hint) {
    this.rate = rate;
    this.n = 0;
    this.whole = false;
    this.peak = 0;
    this.data = Array.from({ length: channels }, () => new Float32Array(Math.max(hint, rate)));
  }

  /** A track of samples that are all there, one array a channel. */
  static of(rate, data) {
    const track = new Track(rate, 0, 0);
    track.data = data;
    track.n = data[0].length;
    track.whole = true;
    for (const channel of data)
      for (const x of channel) if (Math.abs(x) > track.peak) track.peak = Math.abs(x);
    return track;
  }

  append(samples) {
    const k = this.data.length;
    const added = samples.length / k;
    if (this.n + added > this.data[0].length) {
      const size = Math.max(this.n + added, 2 * this.data[0].length);
      this.data = this.data.map((old) => {
        const grown = new Float32Array(size);
        grown.set(old);
        return grown;
      });
    }
    for (let c = 0; c < k; c++) {
      const channel = this.data[c];
      for (let i = 0, j = c; i < added; i++, j += k) {
        const x = samples[j];
        channel[this.n + i] = x;
        if (x > this.peak) this.peak = x;
        else if (-x > this.peak) this.peak = -x;
      }
    }
    this.n += added;
  }

  get seconds() {
    return this.n / this.rate;
  }

  /** Level of what is not far below the rest, so that pauses do not count. */
  get level() {
    if (this.whole) return (this.found ??= this.measured());
    return this.measured();
  }

  measured() {
    const size = Math.round(0.4 * this.rate);
    const powers = [];
    for (let at = 0; at < this.n; at += size) {
      let power = 0;
      const end = Math.min(at + size, this.n);
      for (const channel of this.data) for (let i = at; i < end; i++) power += channel[i] ** 2;
      powers.push(power / (end - at) / this.data.length);
    }
    const mean = (all) => all.reduce((a, b) => a + b, 0) / Math.max(all.length, 1);
    const loud = powers.filter((p) => p > 1e-7);
    return Math.sqrt(mean(loud.filter((p) => p > 0.1 * mean(loud))));
  }
}

/** Read an answer's samples into a track, which `begin` is told of at once. */
export async function receive(answer, seconds, begin, more) {
  const rate = Number(answer.headers.get("X-Rate"));
  const channels = Number(answer.headers.get("X-Channels"));
  const track = new Track(rate, channels, Math.ceil(seconds * rate));
  const reader = answer.body.getReader();
  let rest = new Uint8Array(0);
  begin(track);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const all = new Uint8Array(rest.length + value.length);
    all.set(rest);
    all.set(value, rest.length);
    const size = all.length - (all.length % (4 * channels));
    track.append(new Float32Array(all.buffer, 0, size / 4));
    rest = all.slice(size);
    more(track);
  }
  track.whole = true;
  more(track);
  return track;
}

/** The one player of the page. `changed` is called whenever something is to be shown. */
export class Player {
  constructor(changed) {
    this.changed = changed;
    this.tracks = [null, null]; // the piece, and its seed to compare
    this.side = 0;
    this.matched = false;
    this.looping = false;
    this.playing = false;
    this.at = 0; // samples of the piece that are scheduled
    this.parts = [];
    this.onFirstSound = null;
    setInterval(() => this.pump(), 50);
  }

  get piece() {
    return this.tracks[0];
  }

  /** Begin another piece. Call it first from a click: browsers ask for that. */
  async wake(rate) {
    // Else a phone that is set to silent is silent here too.
    if (navigator.audioSession) navigator.audioSession.type = "playback";
    if (!this.context || this.context.sampleRate !== rate) {
      this.context?.close();
      try {
        this.context = new AudioContext({ sampleRate: rate });
      } catch {
        this.context = new AudioContext();
      }
      this.gain = this.context.createGain();
      this.ear = this.context.createAnalyser();
      this.gain.connect(this.ear).connect(this.context.destination);
    }
    await this.context.resume();
  }

  load(track) {
    this.stop();
    this.tracks = [track, null];
    this.side = 0;
    this.matched = false;
    this.at = 0;
    this.changed();
  }

  compare(track) {
    this.tracks[1] = track;
    this.changed();
  }

  play() {
    if (!this.piece || !this.context) return;
    if (this.piece.whole && this.at >= this.piece.n) this.at = 0;
    this.playing = true;
    this.due = this.context.currentTime + 0.03;
    this.setGain(0);
    this.pump();
    this.changed();
  }

  stop() {
    this.at = this.heard;
    this.playing = false;
    for (const part of this.parts) {
      part.source.onended = null;
      part.source.stop();
    }
    this.parts = [];
    this.changed();
  }

  seek(sample) {
    const was = this.playing;
    this.stop();
    this.at = Math.max(0, Math.min(Math.round(sample), this.piece ? this.piece.n : 0));
    if (was) this.play();
    this.changed();
  }

  /** Piece (0) or seed (1), at the same place and as loud. */
  choose(side) {
    if (!this.tracks[side]) return;
    this.matched = this.matched || side === 1;
    const was = this.playing;
    this.stop();
    this.side = side;
    if (was) this.play();
    this.changed();
  }

  loop(on) {
    this.looping = on;
    this.changed();
  }

  /** Sample of the piece that is heard now. */
  get heard() {
    if (!this.playing || !this.parts.length) return this.at;
    const now = this.context.currentTime;
    const part = this.parts.find((p) => now < p.time + p.n / p.rate) || this.parts.at(-1);
    return Math.round(part.at + Math.max(0, Math.min(part.n, (now - part.time) * part.rate)));
  }

  setGain(seconds) {
    const of = (track) => (track.peak > 0.999 ? 0.999 / track.peak : 1);
    const [piece, seed] = this.tracks;
    let gain = of(this.tracks[this.side]);
    if (this.matched && seed) {
      const levels = [piece, seed].map((track) => of(track) * (track.level || 1));
      gain *= Math.min(...levels) / levels[this.side];
    }
    if (gain === this.lastGain && this.lastContext === this.context) return;
    const now = this.context.currentTime;
    this.gain.gain.cancelScheduledValues(now);
    if (seconds) this.gain.gain.setTargetAtTime(gain, now, seconds / 3);
    else this.gain.gain.setValueAtTime(gain, now);
    [this.lastGain, this.lastContext] = [gain, this.context];
  }

  /** Schedule what comes next, and see whether the first sound is there. */
  pump() {
    if (!this.playing) return;
    if (!this.piece.whole) this.setGain(0.2);
    const context = this.context;
    this.parts = this.parts.filter((p) => p.time + p.n / p.rate > context.currentTime - 0.05);
    while (this.due < context.currentTime + AHEAD) {
      if (this.piece.whole && this.at >= this.piece.n && this.looping) this.at = 0;
      const n = Math.min(Math.round(SLICE * this.piece.rate), this.piece.n - this.at);
      if (n <= 0 || (!this.piece.whole && n < 0.05 * this.piece.rate)) break;
      this.due = Math.max(this.due, context.currentTime + 0.02);
      this.schedule(n);
    }
    if (this.piece.whole && this.at >= this.piece.n && !this.looping) {
      if (context.currentTime >= this.due) {
        this.stop();
        this.at = this.piece.n;
      }
    }
    this.listen();
    this.changed();
  }

  schedule(n) {
    const track = this.tracks[this.side];
    const rate = this.piece.rate;
    const buffer = this.context.createBuffer(track.data.length, n, rate);
    track.data.forEach((channel, c) => {
      const out = buffer.getChannelData(c);
      if (this.side === 0) out.set(channel.subarray(this.at, this.at + n));
      else for (let i = 0; i < n && track.n; i++) out[i] = channel[(this.at + i) % track.n];
    });
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.gain);
    source.start(this.due);
    this.parts.push({ source, time: this.due, at: this.at, n, rate });
    this.due += n / rate;
    this.at += n;
  }

  listen() {
    if (!this.onFirstSound) return;
    const x = new Float32Array(this.ear.fftSize);
    this.ear.getFloatTimeDomainData(x);
    if (x.some((each) => Math.abs(each) > SILENCE)) {
      this.onFirstSound(performance.now());
      this.onFirstSound = null;
    }
  }
}

/** Draw a waveform, what is heard darker than what comes. */
export function draw(canvas, track, length, heard) {
  const scale = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(canvas.clientWidth * scale));
  const height = Math.max(1, Math.round(canvas.clientHeight * scale));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  if (!track) return;
  const style = getComputedStyle(document.documentElement);
  const [fill, rest] = ["--fill", "--edge"].map((name) => style.getPropertyValue(name));
  const peaks = peaksOf(track, width, length);
  const played = (heard / length) * width;
  for (let i = 0; i < peaks.length; i++) {
    const size = Math.max(1, peaks[i] * height * 0.96);
    context.fillStyle = i < played ? fill : rest;
    context.fillRect(i, (height - size) / 2, 1, size);
  }
  context.fillStyle = fill;
  context.fillRect(Math.min(width - 2, played), 0, 2, height);
}

/** Highest sample in each column; what was found before is kept. */
function peaksOf(track, width, length) {
  if (track.width !== width || track.length !== length) {
    [track.width, track.length, track.peaks] = [width, length, []];
  }
  const each = length / width;
  while (track.peaks.length < width && (track.peaks.length + 1) * each <= track.n) {
    const i = track.peaks.length;
    let peak = 0;
    const step = Math.max(1, Math.floor(each / 400));
    for (const channel of track.data)
      for (let j = Math.floor(i * each); j < (i + 1) * each; j += step)
        peak = Math.max(peak, Math.abs(channel[j]));
    track.peaks.push(Math.min(1, peak));
  }
  return track.peaks;
}
