// Pieces of the page. Whatever comes from the engine becomes text, never markup.

export function text(words, kind = "", tag = "span") {
  const element = document.createElement(tag);
  element.textContent = words;
  if (kind) element.className = kind;
  return element;
}

export function span(...parts) {
  const element = document.createElement("span");
  element.append(...parts);
  return element;
}

export function fill(element, parts) {
  element.replaceChildren(...parts);
}

export function badge(element, words, kind) {
  element.textContent = words;
  element.className = `badge ${kind}`;
}

// Columns are [heading, cell of a row, class]. Rows stay the elements that they are for as long as their key is
// there, and cells for as long as they say the same: whoever is about to tap on one, or has it in focus, keeps it.
export function table(element, rows, nothing, columns, keyOf = null) {
  if (!rows.length) {
    fill(element, [text(nothing, "dim")]);
    return;
  }
  const body = element.querySelector("tbody") ?? beginTable(element, columns);
  const keys = rows.map((row, index) => (keyOf ? keyOf(row) : String(index)));
  const kept = new Map([...body.rows].map((each) => [each.dataset.key, each]));
  for (const [key, line] of kept) if (!keys.includes(key)) line.remove();
  rows.forEach((row, index) => {
    const line = kept.get(keys[index]) ?? beginRow(keys[index], columns);
    if (body.rows[index] !== line) body.insertBefore(line, body.rows[index] ?? null);
    columns.forEach(([, make], column) => put(line.cells[column], make(row)));
  });
}

function beginTable(element, columns) {
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const [name, , kind] of columns) head.append(text(name, kind ?? "", "th"));
  const body = made.createTBody();
  fill(element, [made]);
  return body;
}

function beginRow(key, columns) {
  const line = document.createElement("tr");
  line.dataset.key = key;
  for (const [, , kind] of columns) line.insertCell().className = kind ?? "";
  return line;
}

function put(cell, made) {
  const isPlain = typeof made === "string";
  const kind = isPlain ? "" : made.className;
  const words = isPlain ? made : made.textContent;
  if (cell.textContent !== words || (cell.firstElementChild?.className ?? "") !== kind) cell.replaceChildren(made);
}

// Money comes as text with all its digits; two are shown.
export function money(amount) {
  const number = Number(amount);
  const words = number.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return text(words, number < 0 ? "bad" : "");
}

export function seconds(number) {
  if (number < 60) return `${number.toFixed(1)} s`;
  const minutes = Math.floor(number / 60);
  if (minutes < 60) return `${minutes} m ${Math.floor(number % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} m` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

// A time that may be very short.
export function spanOf(seconds) {
  if (seconds < 0.001) return `${Number((seconds * 1e6).toPrecision(3))} µs`;
  return seconds < 1 ? `${Number((seconds * 1e3).toPrecision(3))} ms` : `${Number(seconds.toPrecision(3))} s`;
}
