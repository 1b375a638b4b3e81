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

// Columns are [heading, cell of a row, class].
export function table(element, rows, nothing, columns) {
  if (!rows.length) {
    fill(element, [text(nothing, "dim")]);
    return;
  }
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const [name, , kind] of columns) head.append(text(name, kind ?? "", "th"));
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const [, make, kind] of columns) {
      const cell = line.insertCell();
      if (kind) cell.className = kind;
      cell.append(make(row));
    }
  }
  fill(element, [made]);
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
