// What the page shows of learning.

import { $, capital, list, long } from "./words.js";

/** Whether it learns now. */
export const isBusy = (learning) => ["reading", "training", "finishing"].includes(learning?.phase);

/** Show the folder, and how learning stands. */
export function showLearning(state) {
  const songs = state.recordings.filter((each) => each.id.startsWith("f"));
  const total = songs.reduce((sum, each) => sum + each.seconds, 0);
  $("folder").textContent = `${songs.length} recording${songs.length === 1 ? "" : "s"} in ${state.folder}, ${long(total)} of music.`;
  const lines = (id, all) =>
    $(id).replaceChildren(...all.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  lines("songs", songs.map((each) => `${each.name}, ${long(each.seconds)}`));
  $("broken").hidden = !state.broken.length;
  lines("broken-list", state.broken.map((each) => each.error));
  const learning = state.learning;
  const busy = isBusy(learning);
  $("learn-button").disabled = busy;
  $("learn-stop").disabled = !busy || learning.phase === "finishing";
  $("training").hidden = !learning;
  $("model-download").hidden = !state.model || busy;
  $("model-link").download = state.model?.name || "model.skmusic";
  if (!learning) return;
  const done = learning.history.length;
  const goesOn = done && done < Number($("epochs").value);
  $("learn-button").textContent = busy ? "Learning ..." : goesOn ? "Go on learning" : "Learn anew";
  showProgress(learning, done);
  lines("learn-warnings", learning.warnings);
  showHeard(learning.heard);
}

function showProgress(learning, done) {
  const last = learning.history.at(-1);
  const loss = last ? `, loss ${last.loss?.toFixed(2)}${last.val_loss ? `, held out ${last.val_loss.toFixed(2)}` : ""}` : "";
  const left = learning.left === null ? "" : `, at most ${long(learning.left)} left`;
  const texts = {
    reading: `Reading the recordings, ${long(learning.elapsed)} so far.`,
    training: `Pass ${Math.min(done + 1, learning.epochs)} of ${learning.epochs}${left}${loss}.`,
    finishing: `Getting ready to play${loss}.`,
    done: `Learned in ${done} passes${loss}.`,
    idle: done ? `Stopped after ${done} of ${learning.epochs} passes${loss}.` : "Stopped before the first pass was done.",
  };
  $("training-text").textContent = texts[learning.phase];
  const progress = $("progress");
  if (learning.phase === "reading" && !done) progress.removeAttribute("value");
  else progress.value = learning.phase === "done" ? 1 : done / learning.epochs;
  showCurve(learning.history);
}

function showCurve(history) {
  $("curve-figure").hidden = history.length < 2;
  if (history.length < 2) return;
  const names = ["loss", "val_loss"].filter((name) => history[0][name] !== undefined);
  const all = names.flatMap((name) => history.map((each) => each[name])).filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const x = (i) => 8 + (304 * i) / (history.length - 1);
  const y = (value) => 8 + 104 * (1 - (value - low) / (high - low || 1));
  const lines = names.map((name) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    const points = history.map((each, i) => [x(i), each[name]]).filter((p) => Number.isFinite(p[1]));
    line.setAttribute("points", points.map(([i, value]) => `${i},${y(value)}`).join(" "));
    line.setAttribute("class", name === "loss" ? "learned" : "held");
    return line;
  });
  $("curve").replaceChildren(...lines);
  $("held-key").hidden = names.length < 2;
  $("curve").setAttribute("aria-label", `Training curve: loss from ${history[0].loss?.toFixed(2)} to ${history.at(-1).loss?.toFixed(2)} in ${history.length} passes`);
}

/** Buttons that play what was learned so far; one that goes leaves the focus to the last. */
function showHeard(heard) {
  $("heard").hidden = !heard.length;
  const focused = $("heard-list").contains(document.activeElement);
  list($("heard-list"), heard, heardItem);
  if (focused && !$("heard-list").contains(document.activeElement)) $("heard-list").lastChild?.firstChild.focus();
}

function heardItem(sound) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  item.dataset.id = sound.id;
  Object.assign(button, { type: "button", textContent: capital(sound.name) });
  button.setAttribute("aria-pressed", false);
  item.append(button);
  return item;
}
