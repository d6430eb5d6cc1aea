// What the report does with the players of player.js, which stands above: one sound at
// a time, from the audio elements of the page. Without scripts those are the players.

const rate = Number(document.getElementById("main").dataset.rate);
const tracks = new Map(); // id -> track; the last few
const cards = new Map();
let now = null; // id of the card whose sound the player has
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
    const sound = await player.context.decodeAudioData(bytes(cards.get(id).audio.src).buffer);
    const channels = Array.from({ length: sound.numberOfChannels }, (_, c) => sound.getChannelData(c));
    tracks.set(id, Track.of(sound.sampleRate, channels));
    while (tracks.size > 6) tracks.delete(tracks.keys().next().value);
  }
  return tracks.get(id);
}

/** Give the player a card's sound; false if another was asked for meanwhile. */
async function take(card) {
  const mine = ++asked;
  await player.wake(rate);
  if (now !== card.id) {
    const track = await trackOf(card.id);
    if (mine !== asked) return false;
    player.stop(); // which tells the card that it leaves where it was
    now = null;
    player.load(track);
    now = card.id;
    player.seek(card.at * track.rate);
  }
  player.loop(card.loop);
  return true;
}

async function play(card) {
  if (now === card.id && player.playing) player.stop();
  else if (await take(card)) player.play();
}

function seek(card, seconds) {
  card.at = Math.max(0, Math.min(seconds, card.seconds));
  if (now === card.id) player.seek(card.at * player.piece.rate);
  show();
}

async function compare(card, side) {
  if (!(await take(card))) return;
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
  }
}

function put(element, name, value) {
  if (element[name] !== value) element[name] = value;
}

function along(picture, share) {
  const [left, right] = [Number(picture.dataset.left), Number(picture.dataset.right)];
  return left + Math.min(1, share) * (right - left);
}

/** Where a click is between the sides of a picture's axes, from 0 to 1. */
function across(picture, event) {
  const box = picture.getBoundingClientRect();
  const [left, right] = [Number(picture.dataset.left), Number(picture.dataset.right)];
  return ((event.clientX - box.left) / box.width - left) / (right - left);
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
    heads: [...article.querySelectorAll(".seekable")].map((p) => [p, p.querySelector(".head")]),
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
  for (const [picture, head] of card.heads) {
    head.style.top = `${100 * picture.dataset.top}%`;
    head.style.height = `${100 * (picture.dataset.bottom - picture.dataset.top)}%`;
    picture.addEventListener("click", (event) => seek(card, across(picture, event) * card.seconds));
  }
}
// On a phone players come first, and pictures when they are asked for.
for (const details of document.querySelectorAll("details.wide"))
  details.open = matchMedia("(min-width: 48rem)").matches;
show();
