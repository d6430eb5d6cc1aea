// What all of the page is written with: its parts, numbers, lists.

export const $ = (id) => document.getElementById(id);

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, "");

export function clock(seconds) {
  const whole = Math.floor(seconds + 1e-6);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A length as people say it; never 0. */
export function long(seconds) {
  if (seconds < 10) return `${Math.max(0.1, seconds).toFixed(1)} s`;
  return seconds < 100 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** Make a list show values; items that stay are not moved, so they keep the focus. */
export function list(element, values, make) {
  const there = new Map([...element.children].map((item) => [item.dataset.id, item]));
  const items = values.map((value) => there.get(value.id) || make(value));
  for (const old of there.values()) if (!items.includes(old)) old.remove();
  items.forEach((item, i) => {
    if (element.children[i] !== item) element.insertBefore(item, element.children[i] || null);
  });
}
