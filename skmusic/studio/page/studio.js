// What the page does with what the server tells. All addresses are relative, so they
// have the token.

import { isBusy, showLearning } from "./learning.js";
import { Player, draw, receive } from "./player.js";
import { $, capital, clock, list, long } from "./words.js";

const MOST_BYTES = 100 * 2 ** 20;
const tracks = new Map(); // id -> whole track; the last few
let state = null;
let now = null; // id of the piece in the player, and its length in seconds
let length = 0;
let making = null; // AbortController of the piece that is being made
let polling = 0;

const player = new Player(show);

function say(text) {
  $("status").textContent = text;
}

function warn(text) {
  $("alert").textContent = text;
}

async function ask(method, path, body, signal) {
  const answer = await fetch(path, { method, body, signal });
  if (answer.ok) return answer;
  let text = `the server answered ${answer.status}`;
  try {
    text = (await answer.json()).error || text;
  } catch {
    // no words came
  }
  throw new Error(text);
}

/** Run what a button asks for; say what went wrong. */
function doing(action) {
  return async (event) => {
    event?.preventDefault();
    warn("");
    try {
      await action(event);
    } catch (error) {
      if (error.name === "AbortError") return;
      const gone = error instanceof TypeError;
      warn(gone ? "The server does not answer. Is skmusic serve still running?" : capital(error.message) + ".");
    }
  };
}

// What is shown ------------------------------------------------------------------

async function refresh() {
  state = await (await ask("GET", "state")).json();
  const { model, folder, learning } = state;
  $("model").textContent = model
    ? `Model ${model.name}, ${model.sr} Hz, ${model.channels === 1 ? "mono" : model.channels === 2 ? "stereo" : `${model.channels} channels`}`
    : "No model yet. Learn from the recordings first.";
  $("learn").hidden = !folder;
  $("style-field").hidden = !model?.style;
  $("seconds").max = state.most_seconds;
  fill($("seed"), "None, begin from silence");
  fill($("style"), "That of the seed");
  showPieces();
  if (folder) showLearning(state);
  if (learning?.error) warn(`${capital(learning.error)}.`);
  showButtons();
}

function showButtons() {
  $("compose-button").disabled = !state?.model || Boolean(making) || isBusy(state.learning);
  $("compose-stop").disabled = !making;
}

function fill(select, none) {
  const chosen = select.value;
  const options = [new Option(none, "")];
  for (const sound of [...state.recordings, ...state.pieces]) {
    const tooLong = sound.fits === false;
    const name = `${sound.name}, ${long(sound.seconds)}${tooLong ? ", too long" : ""}`;
    options.push(Object.assign(new Option(name, sound.id), { disabled: tooLong }));
  }
  select.replaceChildren(...options);
  if (options.some((option) => option.value === chosen)) select.value = chosen;
}

function showPieces() {
  for (const [id, kept] of [["kept", true], ["new", false]]) {
    const pieces = state.pieces.filter((piece) => piece.kept === kept).reverse();
    list($(id), pieces, item);
    $(`${id}-section`).hidden = !pieces.length;
  }
}

function item(piece) {
  const made = $("piece").content.cloneNode(true).firstElementChild;
  const { settings } = piece;
  made.dataset.id = piece.id;
  made.querySelector("h3").textContent = `${piece.name}, ${long(piece.seconds)}`;
  const words = [settings.seed_name ? `after ${settings.seed_name}` : "from silence"];
  if (settings.style_name) words.push(`style ${settings.style_name}`);
  if (settings.tempo !== null) words.push(`${settings.tempo} beats a minute`);
  if (settings.key !== null) words.push(settings.key);
  if (settings.energy !== null) words.push(`energy ${settings.energy.join(" to ")}`);
  words.push(`temperature ${settings.temperature}`, `random state ${settings.random_state}`);
  made.querySelector("p.soft").textContent = words.join(", ");
  if (piece.kept) made.querySelector('[data-do="keep"]').textContent = "No longer keep";
  for (const button of made.querySelectorAll("button"))
    button.setAttribute("aria-label", `${button.textContent}: ${piece.name}`);
  for (const link of made.querySelectorAll("a")) {
    link.href = `pieces/${piece.id}.${link.dataset.kind}`;
    link.download = `${piece.name}.${link.dataset.kind}`;
    link.setAttribute("aria-label", `Download ${piece.name} as ${link.dataset.kind}`);
  }
  for (const lines of made.querySelectorAll("pre")) {
    lines.textContent = piece[lines.dataset.lines];
    const what = lines.dataset.lines === "python" ? "Python lines" : "Command";
    lines.setAttribute("aria-label", `${what} for ${piece.name}`);
    lines.setAttribute("role", "region");
  }
  made.classList.toggle("now", piece.id === now);
  return made;
}

function show() {
  const piece = player.piece;
  const rate = piece?.rate || 1;
  const seconds = piece?.whole ? piece.seconds : length;
  const heard = player.heard / rate;
  $("play").disabled = !piece;
  $("play").textContent = player.playing ? "Pause" : "Play";
  $("loop").setAttribute("aria-pressed", player.looping);
  for (const each of $("heard-list").children)
    each.firstChild.setAttribute("aria-pressed", player.playing && each.dataset.id === now);
  $("side-a").disabled = $("side-b").disabled = !player.tracks[1];
  $("side-a").setAttribute("aria-pressed", player.side === 0);
  $("side-b").setAttribute("aria-pressed", player.side === 1);
  const position = $("position");
  position.disabled = !piece;
  position.max = seconds || 1;
  if (document.activeElement !== position || player.playing) position.value = heard;
  position.setAttribute("aria-valuetext", `${clock(heard)} of ${clock(seconds)}`);
  $("time").textContent = seconds ? `${clock(heard)} / ${seconds < 1 ? long(seconds) : clock(seconds)}` : "0:00";
  draw($("wave"), piece, (seconds || 1) * rate, player.heard);
}

function showNow(id, name) {
  now = id;
  $("playing").textContent = name;
  for (const each of document.querySelectorAll(".piece"))
    each.classList.toggle("now", each.dataset.id === id);
}

// Composing ----------------------------------------------------------------------

const number = (id) => ($(id).value === "" ? null : Number($(id).value));

/** What is no number goes as it is; the server says so. */
const level = (text) => (text === "" || isNaN(text) ? text : Number(text));

function settings() {
  return {
    seed: $("seed").value || null,
    style: ($("style-field").hidden ? "" : $("style").value) || null,
    seconds: number("seconds"),
    temperature: number("temperature"),
    random_state: number("random-state"),
    tempo: number("tempo"),
    key: $("key").value.trim() || null,
    energy: $("energy").value.trim() ? $("energy").value.trim().split(/\s*,\s*/).map(level) : null,
  };
}

async function compose() {
  const clicked = performance.now();
  const asked = settings();
  const abort = new AbortController();
  making = abort;
  showButtons();
  say("Composing ...");
  delete document.body.dataset.firstSound;
  try {
    await player.wake(state.model.sr);
    const answer = await ask("POST", "pieces", JSON.stringify(asked), abort.signal);
    const id = answer.headers.get("X-Piece");
    const track = await receive(answer, asked.seconds, (begun) => {
      length = asked.seconds;
      player.load(begun);
      showNow(id, `${id.replace("p", "piece-")}, while it is made`);
      player.onFirstSound = (when) => {
        const seconds = (when - clicked) / 1000;
        document.body.dataset.firstSound = seconds.toFixed(3);
        say(`The first sound came after ${seconds.toFixed(1)} s.`);
      };
      player.play();
    }, show);
    remember(id, track);
    await refresh();
    showNow(id, nameOf(id));
    if (!player.onFirstSound) say(`Made ${nameOf(id)}.`);
    document.body.dataset.made = id;
    compareWith(asked.seed);
  } catch (error) {
    if (error.name === "AbortError") say("Stopped.");
    else say("");
    if (player.piece && !player.piece.whole) {
      player.load(null);
      showNow(null, "Nothing.");
    }
    throw error;
  } finally {
    making = null;
    showButtons();
  }
}

function nameOf(id) {
  const sound = [...state.pieces, ...state.recordings].find((each) => each.id === id);
  return sound ? sound.name : id;
}

function remember(id, track) {
  tracks.delete(id);
  tracks.set(id, track);
  while (tracks.size > 4) tracks.delete(tracks.keys().next().value);
}

async function fetched(id, seconds) {
  if (!tracks.has(id)) {
    const answer = await ask("GET", `sounds/${id}`);
    remember(id, await receive(answer, seconds, () => {}, () => {}));
  }
  return tracks.get(id);
}

/** Get the seed, if there is one and it is still there, to compare. */
async function compareWith(seed) {
  const piece = player.piece;
  const sound = [...state.recordings, ...state.pieces].find((each) => each.id === seed);
  if (!sound) return;
  try {
    const track = await fetched(seed, sound.seconds);
    if (player.piece === piece) player.compare(track);
  } catch (error) {
    warn(`The seed cannot be compared: ${error.message}.`);
  }
}

/** Play a sound that was made before. */
async function play(sound, name) {
  await player.wake(sound.sr);
  const track = await fetched(sound.id, sound.seconds);
  length = sound.seconds;
  player.load(track);
  player.play();
  showNow(sound.id, name);
}

async function act(event) {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const id = button.closest(".piece").dataset.id;
  const piece = state.pieces.find((each) => each.id === id);
  if (button.dataset.do === "play") {
    await play(piece, piece.name);
    compareWith(piece.settings.seed);
  } else if (button.dataset.do === "keep") {
    await ask("POST", `pieces/${id}`, JSON.stringify({ kept: !piece.kept }));
    say(piece.kept ? `${piece.name} is no longer kept.` : `Kept ${piece.name}.`);
    await refresh();
    focusOn(id, "keep");
  } else if (button.dataset.do === "discard") {
    await ask("DELETE", `pieces/${id}`);
    tracks.delete(id);
    if (id === now) {
      player.load(null);
      showNow(null, "Nothing.");
    }
    say(`Discarded ${piece.name}.`);
    await refresh();
    focusOn(null);
  } else {
    $("seed").value = id;
    $("random-state").value = "";
    $("compose-button").focus();
    if (!$("compose-button").disabled) await compose();
  }
}

/** After a list has changed the keyboard is not to be lost. */
function focusOn(id, what) {
  const button = id && document.querySelector(`[data-id="${id}"] [data-do="${what}"]`);
  (button || document.querySelector(".piece button") || $("compose-button")).focus();
}

async function upload(file) {
  if (!file) return;
  if (file.size > MOST_BYTES) throw new Error(`${file.name} is too large: at most 100 MiB may be sent`);
  say(`Reading ${file.name} ...`);
  try {
    const path = `recordings?name=${encodeURIComponent(file.name)}`;
    const made = await (await ask("POST", path, file)).json();
    await refresh();
    $("seed").value = made.id;
    say(`${made.name}, ${long(made.seconds)}, is the seed now.`);
  } catch (error) {
    say("");
    throw error;
  }
}

// Learning -----------------------------------------------------------------------

async function learn() {
  const body = { epochs: number("epochs"), synthesis: $("synthesis").value, random_state: number("learn-state") };
  player.stop();
  say("Learning ...");
  await ask("POST", "learning", JSON.stringify(body));
  await watch();
}

/** Play, or stop, how it sounded after a pass. */
async function actOnHeard(event) {
  const id = event.target.closest("button") && event.target.closest("li").dataset.id;
  const sound = state.learning.heard.find((each) => each.id === id);
  if (!sound) return;
  if (id === now && player.playing) player.stop();
  else await play(sound, `How it sounds after ${sound.name}`);
}

async function watch() {
  const mine = ++polling;
  for (;;) {
    await refresh();
    if (mine !== polling) return;
    if (!isBusy(state.learning)) break;
    await new Promise((wake) => setTimeout(wake, 700));
  }
  const { phase } = state.learning;
  say(phase === "done" ? "Learned. Compose a piece." : "");
}

// Wires --------------------------------------------------------------------------

$("compose-form").addEventListener("submit", doing(compose));
$("compose-stop").addEventListener("click", () => making?.abort());
$("learn-form").addEventListener("submit", doing(learn));
$("learn-stop").addEventListener("click", doing(async () => {
  await ask("DELETE", "learning");
  await refresh();
}));
$("epochs").addEventListener("input", () => state?.folder && showLearning(state));
$("file").addEventListener("change", doing(() => upload($("file").files[0])));
$("play").addEventListener("click", doing(async () => {
  await player.wake(player.piece.rate);
  if (player.playing) player.stop();
  else player.play();
}));
$("loop").addEventListener("click", () => player.loop(!player.looping));
$("side-a").addEventListener("click", () => player.choose(0));
$("side-b").addEventListener("click", () => player.choose(1));
$("position").addEventListener("input", () => player.seek($("position").value * player.piece.rate));
$("wave").addEventListener("click", (event) => {
  if (!player.piece) return;
  const seconds = player.piece.whole ? player.piece.seconds : length;
  player.seek((event.offsetX / $("wave").clientWidth) * seconds * player.piece.rate);
});
$("heard-list").addEventListener("click", doing(actOnHeard));
for (const id of ["kept", "new"]) $(id).addEventListener("click", doing(act));
// A file may be dropped anywhere; it is not to replace the page.
for (const kind of ["dragover", "dragleave", "drop"])
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
  });
document.addEventListener("drop", doing((event) => upload(event.dataTransfer.files[0])));
window.addEventListener("resize", show);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);

doing(async () => {
  await refresh();
  show();
  if (isBusy(state.learning)) await watch();
})();
