// An order's own timeline: when it came past each stage, how long that took, and bars to scale.
import { fill, span, spanOf, text } from "/static/parts.js";

const AGAIN = 1000; // milliseconds until the timeline of an order that is not over is read again
const $ = (id) => document.getElementById(id);

let shown = null; // the id of the order

// Rows of these tables are orders, by their ids; one that is clicked, tapped or entered shows its timeline.
export function bindTimelines(...tables) {
  for (const each of tables) {
    each.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-key]");
      if (row) open(row.dataset.key);
    });
  }
  const dialog = $("timeline");
  dialog.addEventListener("close", () => { shown = null; });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
}

export function orderButton(id) {
  const button = text(`…${id.slice(-8)}`, "link", "button");
  button.type = "button";
  button.title = `Timeline of ${id}`;
  return button;
}

function open(id) {
  shown = id;
  $("timeline-order").textContent = id;
  fill($("timeline-stages"), [text("Asking the engine.", "dim", "p")]);
  $("timeline").showModal();
  read(id);
}

async function read(id) {
  let parts;
  let isOver = false;
  try {
    const answer = await fetch(`/api/orders/${encodeURIComponent(id)}/timeline`, { cache: "no-store" });
    const said = await answer.json();
    parts = answer.ok ? draw(said.stages) : [text(`None: ${said.error}.`, "dim", "p")];
    isOver = !answer.ok || said.stages.some((each) => each.stage === "closed" && each.instant !== null);
    if (answer.ok && shown === id) $("timeline-order").textContent = describe(said.order);
  } catch {
    parts = [text("No answer from the engine; what it knows of the order is not known here.", "bad", "p")];
  }
  if (shown !== id) return;
  fill($("timeline-stages"), parts);
  if (!isOver) setTimeout(() => shown === id && read(id), AGAIN);
}

function describe(order) {
  const price = order.price === null ? "market" : `at ${order.price}`;
  const whose = order.strategy === null ? "" : `, ${order.strategy}`;
  const why = order.reason === null ? "" : ` (${order.reason})`;
  return `${order.side} ${order.quantity} ${order.instrument_id} ${price}, ${order.status}${why}${whose}: ${order.client_order_id}`;
}

// Out to the venue takes milliseconds, and what comes then may take hours: so each request has a scale of its own.
function draw(stages) {
  let at = 0;
  const reached = stages.filter((each) => each.instant !== null).map((each) => {
    const from = at;
    at += each.since_before ?? 0;
    return { ...each, from, to: at };
  });
  const word = reached.findIndex((each) => each.stage === "acknowledged");
  const split = word < 0 ? reached.length : word + 1;
  const parts = group("Until the venue's word", reached.slice(0, split), 0);
  for (const each of requests(reached.slice(split))) {
    const begin = each.name ? each.stages[0].to : each.stages[0].from; // a request is timed from its own beginning
    parts.push(...group(each.name || "After it", each.stages, begin));
  }
  const others = stages.filter((each) => each.instant === null);
  return parts.concat(others.map((each) => text(`${each.stage}: ${each.note ?? "not known"}`, "dim", "p")));
}

// Stages of later requests are named "modify 1: sent"; those that follow one another stand together.
function requests(stages) {
  const groups = [];
  for (const each of stages) {
    const [name] = each.stage.includes(": ") ? each.stage.split(": ") : [""];
    const last = groups[groups.length - 1];
    if (last && last.name === name) last.stages.push(each);
    else groups.push({ name, stages: [each] });
  }
  return groups;
}

function group(name, stages, begin) {
  const whole = stages[stages.length - 1].to - begin;
  const heading = text(`${name}: ${spanOf(whole)}`, "", "h3");
  return [heading, ...stages.map((each) => line(each, begin, whole))];
}

function line(stage, begin, whole) {
  const took = stage.since_before === null ? stage.instant.slice(11, 23) : `+${spanOf(stage.since_before)}`;
  const bar = text("", "bar", "i");
  const from = Math.max(stage.from, begin);
  bar.style.marginLeft = `${whole ? (100 * (from - begin)) / whole : 0}%`;
  bar.style.width = `${whole ? (100 * (stage.to - from)) / whole : 0}%`;
  const track = text("", "track");
  track.append(bar);
  const made = text("", "stage", "div");
  made.title = stage.instant;
  made.append(span(text(stage.stage), text(took, "took")), track);
  if (stage.note) made.append(text(stage.note, "note"));
  return made;
}
