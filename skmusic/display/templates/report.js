// What the report does with the players of player.js, which stands above: one sound at
// a time, from the audio elements of the page. Without scripts those are the players.

const facts = JSON.parse(document.getElementById("facts").textContent);
const tracks = new Map(); // id -> track; the last few
const cards = new Map();
let now = null; // what the player has: a card's id, or an origin's segment
let asked = 0; // counts what was asked for, so that only the last comes to play

const player = new Player(show);

/** Tenths of seconds, since sounds may be short. */
function clock(seconds) {
  const tenths = Math.floor(10 * seconds + 1e-6);
  const rest = ((tenths % 600) / 10).toFixed(1);
  return `${Math.floor(tenths / 600)}:${rest.padStart(4, "0")}`;
}

function bytes(uri) {
  return Uint8Array.from(atob(uri.split(",")[1]), (c) => c.charCodeAt(0));
}

async function trackOf(id) {
  if (!tracks.has(id)) {
    const uri = id === "sources" ? facts.sources : cards.get(id).audio.src;
    const sound = await player.context.decodeAudioData(bytes(uri).buffer);
    const channels = Array.from({ length: sound.numberOfChannels }, (_, c) => sound.getChannelData(c));
    tracks.set(id, Track.of(sound.sampleRate, channels));
    while (tracks.size > 6) tracks.delete(tracks.keys().next().value);
  }
  return tracks.get(id);
}

/** Give the player a sound; false if another was asked for meanwhile. */
async function take(id, find) {
  const mine = ++asked;
  await player.wake(facts.rate);
  if (now === id) return true;
  const track = await find();
  if (mine !== asked) return false;
  player.stop(); // which tells the card that it leaves where it was
  now = null;
  player.load(track);
  now = id;
  return true;
}

async function takeCard(card) {
  const before = now;
  if (!(await take(card.id, () => trackOf(card.id)))) return false;
  if (before !== now) player.seek(card.at * player.piece.rate);
  player.loop(card.loop);
  return true;
}

async function play(card) {
  if (now === card.id && player.playing) player.stop();
  else if (await takeCard(card)) player.play();
}

function seek(card, seconds) {
  card.at = Math.max(0, Math.min(seconds, card.seconds));
  if (now === card.id) player.seek(card.at * player.piece.rate);
  show();
}

async function compare(card, side) {
  if (!(await takeCard(card))) return;
  if (side) {
    const mine = asked;
    const track = await trackOf(card.select.value);
    if (mine !== asked) return;
    player.compare(track);
  }
  player.choose(side);
}

function download(card) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes(card.audio.src)], { type: "audio/mpeg" }));
  link.download = `${card.name.replace(/\.(wav|flac|mp3|ogg|aiff?)$/i, "")}.mp3`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// What is shown ------------------------------------------------------------------

function show() {
  for (const card of cards.values()) {
    const mine = now === card.id;
    const side = mine ? player.side : 0;
    if (mine) card.at = player.heard / player.piece.rate;
    put(card.button("play"), "textContent", mine && player.playing ? "Pause" : "Play");
    put(card.button("loop"), "ariaPressed", String(card.loop));
    if (card.select) {
      put(card.button("this"), "ariaPressed", String(side === 0));
      put(card.button("other"), "ariaPressed", String(side === 1));
    }
    const place = `${clock(card.at)} / ${clock(card.seconds)}`;
    if (card.place.textContent === place) continue;
    card.place.textContent = place;
    card.range.value = card.at;
    card.range.ariaValueText = place.replace("/", "of");
    for (const [picture, head] of card.heads) {
      head.hidden = false;
      head.style.left = `${100 * along(picture, card.at / card.seconds)}%`;
    }
    if (card.origin && mine && player.playing) card.origin.follow(card.at);
  }
  for (const card of cards.values())
    if (card.origin) put(card.origin.source, "textContent", now === card.origin.id && player.playing ? "Stop" : "Play its source");
}

function put(element, name, value) {
  if (element[name] !== value) element[name] = value;
}

function along(picture, share) {
  const [left, right] = [Number(picture.dataset.left), Number(picture.dataset.right)];
  return left + Math.min(1, share) * (right - left);
}

/** Where a click is within the axes of a picture, from 0 to 1. */
function within(picture, event) {
  const box = picture.getBoundingClientRect();
  const share = (at, low, high) => (at - Number(low)) / (Number(high) - Number(low));
  const { left, right, top, bottom } = picture.dataset;
  return [
    share((event.clientX - box.left) / box.width, left, right),
    share((event.clientY - box.top) / box.height, top, bottom),
  ];
}

// Origins ------------------------------------------------------------------------

/** The segments of a piece, one of which is chosen. */
class Origin {
  constructor(article, card, segments) {
    this.card = card;
    this.segments = segments;
    this.n_rows = 1 + Math.max(...segments.map((each) => each.row));
    const panel = article.querySelector(".segment");
    this.range = panel.querySelector("input");
    this.source = panel.querySelector('[data-do="source"]');
    this.said = panel.querySelector(".said");
    this.time = panel.querySelector(".time");
    this.range.max = segments.length - 1;
    this.range.addEventListener("input", () => {
      this.choose(Number(this.range.value));
      seek(card, this.chosen.start);
    });
    this.source.addEventListener("click", () => this.playSource());
    panel.querySelector('[data-do="from"]').addEventListener("click", async () => {
      seek(card, this.chosen.start);
      if (await takeCard(card)) player.play();
    });
    panel.hidden = false;
    this.choose(0);
  }

  get id() {
    return `${this.card.id} ${this.chosen.start}`;
  }

  choose(i) {
    this.chosen = this.segments[i];
    const { name, start, length, position, offset } = this.chosen;
    this.range.value = i;
    this.time.textContent = `${i + 1} of ${this.segments.length}`;
    this.said.textContent = `At ${clock(start)} of the piece: ${length.toFixed(2)} s of ${name}, from ${clock(position)} on.`;
    if (offset === undefined) this.said.textContent += " Its source is not here, to keep the page small.";
    this.range.ariaValueText = this.said.textContent;
    this.source.disabled = offset === undefined;
  }

  find(seconds) {
    const i = this.segments.findIndex((each) => seconds < each.start + each.length);
    return i < 0 ? this.segments.length - 1 : i;
  }

  follow(seconds) {
    const i = this.find(seconds);
    if (this.segments[i] !== this.chosen) this.choose(i);
  }

  /** Go to where the click is; on a bar, play its source. */
  click(across, down) {
    const seconds = across * this.card.seconds;
    this.choose(this.find(seconds));
    seek(this.card, seconds);
    const { row, offset } = this.chosen;
    if (Math.floor(down * this.n_rows) === row && offset !== undefined) this.playSource(true);
  }

  async playSource(again = false) {
    const { offset, seconds } = this.chosen;
    const id = this.id;
    if (now === id && player.playing && !again) return player.stop();
    const taken = await take(id, async () => {
      const all = await trackOf("sources");
      const cut = (channel) => channel.subarray(Math.round(offset * all.rate), Math.round((offset + seconds) * all.rate));
      return Track.of(all.rate, all.data.map(cut));
    });
    if (!taken) return;
    player.loop(false);
    player.seek(0);
    player.play();
  }
}

// Wires --------------------------------------------------------------------------

for (const article of document.querySelectorAll("article[data-id]")) {
  const { id } = article.dataset;
  const audio = article.querySelector("audio");
  const card = {
    id,
    audio,
    name: article.querySelector("h3").textContent,
    seconds: Number(audio.dataset.seconds),
    at: 0,
    loop: false,
    button: (what) => article.querySelector(`[data-do="${what}"]`),
    place: article.querySelector(".time"),
    range: article.querySelector('input[type="range"]'),
    select: article.querySelector("select"),
    heads: [...document.querySelectorAll(`.seekable[data-of="${id}"]`)].map((p) => [p, p.querySelector(".head")]),
  };
  cards.set(id, card);
  audio.hidden = true;
  article.querySelector(".player").hidden = false;
  card.button("play").addEventListener("click", () => play(card));
  card.button("loop").addEventListener("click", () => {
    card.loop = !card.loop;
    if (now === id) player.loop(card.loop);
    show();
  });
  card.button("download").addEventListener("click", () => download(card));
  card.range.addEventListener("input", () => seek(card, Number(card.range.value)));
  if (card.select) {
    card.button("this").addEventListener("click", () => compare(card, 0));
    card.button("other").addEventListener("click", () => compare(card, 1));
    card.select.addEventListener("change", () => now === id && player.side && compare(card, 1));
  }
}
for (const article of document.querySelectorAll("article[data-origin]")) {
  const card = cards.get(article.dataset.origin);
  card.origin = new Origin(article, card, facts.segments[card.id]);
}
for (const picture of document.querySelectorAll(".seekable")) {
  const head = picture.querySelector(".head");
  head.style.top = `${100 * picture.dataset.top}%`;
  head.style.height = `${100 * (picture.dataset.bottom - picture.dataset.top)}%`;
  const card = cards.get(picture.dataset.of);
  picture.addEventListener("click", (event) => {
    const [across, down] = within(picture, event);
    if (picture.classList.contains("wide")) card.origin.click(Math.max(0, Math.min(across, 1)), down);
    else seek(card, across * card.seconds);
  });
}
// On a phone players come first, and pictures when they are asked for.
for (const details of document.querySelectorAll("details.wide"))
  details.open = matchMedia("(min-width: 48rem)").matches;
show();
