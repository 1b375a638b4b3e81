// The page: what the engine says of itself, twice a second, and what it is told to do.
// If nothing comes, the page says so and for how long: old figures are never shown as if they were of now.
import { bindActions } from "/static/actions.js";
import { Charts } from "/static/charts.js";
import { bindTimelines, orderButton } from "/static/timeline.js";
import { badge, fill, money, seconds, span, spanOf, table, text } from "/static/parts.js";

const STALE = 3000; // milliseconds without news, until they are called old
const ENDS = ["filled", "canceled", "rejected", "denied", "expired"]; // statuses of orders that are over
const $ = (id) => document.getElementById(id);

let state = null;
let heard = null; // when the last view came, by the browser's clock that only goes forward
let source = null;
let instrument = null;
let fillsSeen = -1;
let fillRows = [];
let overSeen = -1;
const charts = new Charts($("price"), $("profit"), $("latency"));

// News.

function connect() {
  source = new EventSource("/api/stream");
  source.addEventListener("state", (event) => {
    const fresh = JSON.parse(event.data);
    const isAnother = state === null || state.started !== fresh.started;
    state = fresh;
    heard = performance.now();
    if (isAnother) begin();
    show();
  });
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  };
}

function begin() {
  fillsSeen = -1;
  fillRows = [];
  overSeen = -1;
  instrument = null;
}

function judge() {
  const age = heard === null ? null : performance.now() - heard;
  const isLost = age === null || age > STALE;
  document.body.classList.toggle("lost", isLost);
  if (age !== null && isLost) {
    $("lost").textContent =
      `No news from the engine for ${Math.floor(age / 1000)} s. What is shown is of ${state.now}, not of now; ` +
      "the engine may trade, or be gone.";
  }
}

async function get(path) {
  const answer = await fetch(path, { cache: "no-store" });
  return answer.ok ? answer.json() : null;
}

// What is shown.

function show() {
  const trading = state.trading;
  badge($("life"), state.life, state.life === "running" ? "good" : "warn");
  const kinds = { active: "good", reducing: "warn", halted: "bad" };
  badge($("trading"), trading ? `trading: ${trading.state}` : "takes no orders", trading ? kinds[trading.state] : "");
  $("clock").textContent = `${state.now.slice(11, 19)} UTC, up ${seconds(state.uptime)}`;
  $("version").textContent = `livetrio ${state.version}`;
  $("why").textContent = reasons(state, trading).join(" · ");
  document.title = `${trading && trading.state !== "active" ? trading.state : state.life} · livetrio`;
  showFigures(trading);
  chooseInstruments();
  showTables(trading);
  charts.take(state, instrument);
  if (trading && trading.fills !== fillsSeen) readFills(trading.fills);
  const over = trading ? ENDS.reduce((sum, each) => sum + (trading.counts[each] ?? 0), 0) : overSeen;
  if (over !== overSeen) readOver(over);
}

function reasons({ ending }, trading) {
  const words = ending ? [`the engine stops: ${ending.message ?? ending.reason}`] : [];
  if (!trading) return words;
  if (trading.reason) words.push(`${trading.state}: ${trading.reason}`);
  for (const gate of trading.gates) {
    if (!gate.is_open) words.push(`gate of ${gate.venue} closed: ${gate.reasons.join("; ")}`);
  }
  if (trading.was_killed) words.push("nobody had ended the run before this one");
  const found = trading.surprises.at(-1);
  if (found) words.push(`found unexplained, ${trading.surprise_count} in this run; the last: ${found}`);
  return words.concat(trading.locks.map((each) => `entries locked: ${each}`));
}

function showFigures(trading) {
  const parts = [];
  if (trading) {
    parts.push(["profit", money(trading.pnl)], ["today", money(trading.day_pnl)]);
    for (const each of trading.accounts) parts.push([`equity ${each.currency}`, money(each.equity)]);
    parts.push(["orders", String(trading.orders.length)], ["fills", String(trading.fills)]);
    if (!trading.is_priced) parts.push(["", "not all that is held has a price"]);
  }
  fill($("figures"), parts.map(([name, value]) => span(text(`${name} `, "dim"), value)));
}

function showTables(trading) {
  table($("orders"), trading ? trading.orders : [], "No orders are working.", [
    ["instrument", (o) => o.instrument_id, "left"],
    ["side", (o) => text(o.side, o.side === "buy" ? "good" : "bad"), "left"],
    ["quantity", (o) => o.quantity],
    ["filled", (o) => o.filled_quantity],
    ["price", (o) => o.price ?? "market"],
    ["trigger", (o) => o.trigger_price ?? ""],
    ["status", (o) => text(o.is_canceling ? `${o.status}, canceling` : o.status, o.status === "unknown" ? "bad" : "")],
    ["age", (o) => seconds(o.age)],
    ["last news", (o) => seconds(o.since)],
    ["strategy", (o) => o.strategy ?? "nobody's", "left"],
    ["id", (o) => orderButton(o.client_order_id), "left"],
  ], (o) => o.client_order_id);
  table($("positions"), trading ? trading.positions : [], "No positions.", [
    ["instrument", (p) => p.instrument_id, "left"],
    ["quantity", (p) => p.quantity],
    ["entry", (p) => p.entry_price],
    ["mark", (p) => p.mark_price ?? "none"],
    ["liquidation", (p) => p.liquidation_price ?? ""],
    ["unrealized", (p) => money(p.unrealized_pnl)],
    ["realized", (p) => money(p.realized_pnl)],
    ["fees", (p) => money(p.fees)],
    ["funding", (p) => money(p.funding)],
  ]);
  table($("strategies"), state.strategies, "No strategies.", [
    ["strategy", (s) => s.name, "left"],
    ["state", (s) => text(s.state, s.error ? "bad" : ""), "left"],
    ["orders", (s) => String(s.orders)],
    ["profit", (s) => (s.pnl === null ? "" : money(s.pnl))],
    ["events", (s) => String(s.events)],
    ["µs each", (s) => (s.per_event_us === null ? "" : s.per_event_us.toFixed(1))],
    ["waiting", (s) => String(s.queued)],
    ["lag", (s) => (s.lag ? text(spanOf(s.lag), s.lag > 0.5 ? "bad" : "") : "none")],
    ["dropped", (s) => String(s.dropped)],
    ["errors", (s) => text(s.error ? `${s.errors}: ${s.error}` : String(s.errors), s.errors ? "bad" : "")],
  ]);
  table($("connections"), state.connections, "No connections.", [
    ["connection", (c) => c.name, "left"],
    ["state", (c) => text(c.state, c.state === "connected" ? "good" : "bad"), "left"],
    ["last heard", (c) => (c.age === null ? "never" : `${c.age.toFixed(1)} s`)],
    ["latency", (c) => (c.latency_ms === null ? "" : `${c.latency_ms.toFixed(1)} ms`)],
    ["reconnects", (c) => String(c.reconnects)],
    ["messages", (c) => String(c.messages)],
    ["feeds", (c) => text(c.stale_feeds.length ? `${c.feeds}, stale: ${c.stale_feeds.join(", ")}` : String(c.feeds),
      c.stale_feeds.length ? "bad" : "")],
    ["error", (c) => c.last_error ?? "", "left"],
  ]);
  table($("quotes"), state.quotes, "No quotes.", [
    ["instrument", (q) => q.instrument_id, "left"],
    ["bid", (q) => q.bid_price ?? "none"],
    ["size", (q) => q.bid_size ?? ""],
    ["ask", (q) => q.ask_price ?? "none"],
    ["size", (q) => q.ask_size ?? ""],
    ["age", (q) => text(`${q.age.toFixed(1)} s`, q.age > 10 ? "bad" : "")],
  ]);
  const warnings = state.warnings.slice().reverse().map((each) => text(each, "", "li"));
  fill($("warnings"), warnings.length ? warnings : [text("None.", "dim")]);
}

// What is asked for besides.

function chooseInstruments() {
  const names = state.quotes.map((each) => each.instrument_id).sort();
  const select = $("instrument");
  if (names.join() !== [...select.options].map((each) => each.value).join()) {
    fill(select, names.map((each) => {
      const option = text(each, "", "option");
      option.value = each;
      return option;
    }));
    if (instrument) select.value = instrument;
  }
  if (instrument === null && names.length) {
    const orders = state.trading ? state.trading.orders : [];
    choose(orders.length ? orders[0].instrument_id : names[0]);
  }
}

async function choose(name) {
  instrument = name;
  $("instrument").value = name;
  document.querySelector(".of").textContent = name;
  const history = await get(`/api/history?instrument=${encodeURIComponent(name)}`);
  if (history && instrument === name) charts.begin(name, history, fillRows);
  readBook();
}

async function readFills(count) {
  fillsSeen = count;
  const last = fillRows.length ? fillRows[fillRows.length - 1].number : 0;
  const fresh = await get(`/api/fills?after=${last}`);
  if (!fresh) return;
  const known = fillRows.length ? fillRows[fillRows.length - 1].number : 0;
  fillRows = fillRows.concat(fresh.filter((each) => each.number > known)).slice(-500);
  charts.mark(fillRows, instrument);
  table($("fills"), fillRows.slice(-15).reverse(), "No fills since the start.", [
    ["time", (f) => new Date(f.time * 1000).toISOString().slice(11, 19), "left"],
    ["instrument", (f) => f.instrument_id, "left"],
    ["side", (f) => text(f.side, f.side === "buy" ? "good" : "bad"), "left"],
    ["quantity", (f) => f.quantity],
    ["price", (f) => f.price],
    ["fee", (f) => f.fee],
    ["strategy", (f) => f.strategy ?? "nobody's", "left"],
  ]);
}

async function readOver(count) {
  overSeen = count;
  const now = Date.parse(state.now);
  const orders = await get("/api/orders?over=10").catch(() => null);
  if (!orders || overSeen !== count) return;
  table($("over"), orders, "No order is over.", [
    ["ended", (o) => new Date(now - o.since * 1000).toISOString().slice(11, 19), "left"],
    ["instrument", (o) => o.instrument_id, "left"],
    ["side", (o) => text(o.side, o.side === "buy" ? "good" : "bad"), "left"],
    ["quantity", (o) => o.quantity],
    ["filled", (o) => o.filled_quantity],
    ["price", (o) => o.price ?? "market"],
    ["status", (o) => text(o.status, o.status === "denied" || o.status === "rejected" ? "bad" : "")],
    ["strategy", (o) => o.strategy ?? "nobody's", "left"],
    ["id", (o) => orderButton(o.client_order_id), "left"],
  ], (o) => o.client_order_id);
}

async function readBook() {
  const name = instrument;
  if (name === null || document.hidden) return;
  const book = await get(`/api/book/${encodeURIComponent(name)}`).catch(() => null);
  if (name === instrument) charts.showBook($("book"), book, state.quotes.find((each) => each.instrument_id === name));
}

async function readTasks() {
  if (!$("tasks-open").open) return;
  const tasks = (await get("/api/tasks").catch(() => null)) ?? [];
  fill($("tasks"), tasks.map((each) => {
    const row = text(`${"  ".repeat(each.depth)}${each.name}`, "", "div");
    if (each.waits) row.append(text(`   ${each.waits}`, "dim"));
    return row;
  }));
}

const readHistograms = async () => charts.showHistograms(await get("/api/histograms").catch(() => null));

$("instrument").addEventListener("change", (event) => choose(event.target.value));
$("tasks-open").addEventListener("toggle", readTasks);
$("tasks-open").open = matchMedia("(min-width: 1000px)").matches; // there it stands beside a table
bindActions(() => instrument);
bindTimelines($("orders"), $("over"));
connect();
setInterval(judge, 250);
setInterval(() => heard !== null && readBook(), 1000);
setInterval(readTasks, 3000);
setInterval(readHistograms, 2000);
