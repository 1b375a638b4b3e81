// The drawn part: price with own orders and fills, profit, order book, latencies.
import { fill, spanOf, text } from "/static/parts.js";

const POINTS = 1800;
const LEVELS = 10;
const FITTED = 240; // points of the price that are shown all at once
const NAMED = 8; // fills: of more than these the sizes would hide one another; the table below has them
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Charts {
  constructor(price, profit, latency) {
    this.latency = latency;
    this.profitPlace = profit;
    this.results = [[], [], []];
    this.beats = new Map();
    this.histograms = {};
    this.lines = [];
    this.last = 0;
    this.shown = null;
    this.chart = LightweightCharts.createChart(price, {
      autoSize: true,
      layout: { attributionLogo: false }, // the attribution, with its link, is in the footer
      timeScale: { timeVisible: true, secondsVisible: true, barSpacing: 5, minBarSpacing: 0.2 },
    });
    this.series = this.chart.addSeries(LightweightCharts.LineSeries, { lineWidth: 2 });
    this.markers = LightweightCharts.createSeriesMarkers(this.series, []);
    this.isFitted = true; // all of the price is in sight, until there is too much of it or somebody has moved it
    for (const each of ["wheel", "pointerdown"]) {
      price.addEventListener(each, () => { this.isFitted = false; }, { passive: true });
    }
    this.plot = new uPlot(this.profitOptions(), this.results, profit);
    new ResizeObserver(() => this.plot.setSize(this.size())).observe(profit);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
    this.paint();
  }

  size() {
    return { width: Math.max(50, this.profitPlace.clientWidth), height: Math.max(80, this.profitPlace.clientHeight) };
  }

  profitOptions() {
    const axis = { stroke: () => css("--dim"), grid: { stroke: () => css("--line"), width: 1 } };
    return {
      ...this.size(),
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      legend: { show: false },
      padding: [null, 28, null, null], // or half of the last time is cut off
      cursor: { show: false },
      axes: [{ ...axis, space: 80, values: (_, times) => times.map(timeOf) }, { ...axis, size: 60 }],
      series: [{}, { stroke: () => css("--accent"), width: 2 }, { stroke: () => css("--dim"), width: 1, dash: [4, 3] }],
    };
  }

  paint() {
    this.chart.applyOptions({
      layout: { background: { type: "solid", color: css("--card") }, textColor: css("--dim") },
      grid: { vertLines: { color: css("--line") }, horzLines: { color: css("--line") } },
      rightPriceScale: { borderColor: css("--line") },
    });
    this.series.applyOptions({ color: css("--accent") });
    if (this.results[0].length) this.plot.redraw(); // uPlot has no scales before it has data
  }

  // All that was, of another instrument or another run.
  begin(instrument, history, fills) {
    this.shown = instrument;
    const points = new Map(history.prices.map(([at, bid, ask]) => [Math.floor(at), middle(bid, ask)]));
    const data = [...points].map(([time, value]) => ({ time, value }));
    const digits = Math.max(0, ...history.prices.slice(-50).map(([, bid]) => (bid.split(".")[1] ?? "").length));
    this.series.applyOptions({ priceFormat: { type: "price", precision: digits + 1, minMove: 10 ** -(digits + 1) } });
    this.series.setData(data);
    this.last = data.length ? data[data.length - 1].time : 0;
    this.results = [0, 1, 2].map((column) => history.results.map((each) => Number(each[column])));
    this.plot.setData(this.results);
    this.mark(fills, instrument);
    this.isFitted = true;
    this.points = data.length;
    if (data.length > FITTED) this.chart.timeScale().fitContent();
  }

  // A view that has just come.
  take(state, instrument) {
    const now = Math.floor(Date.parse(state.now) / 1000);
    const trading = state.trading;
    const quote = state.quotes.find((each) => each.instrument_id === instrument);
    const isPriced = quote && quote.bid_price !== null && quote.ask_price !== null;
    if (this.shown === instrument && isPriced && now >= this.last) {
      this.series.update({ time: now, value: middle(quote.bid_price, quote.ask_price) });
      if (now > this.last) this.points += 1;
      this.last = now;
      if (this.isFitted && this.points <= FITTED) this.chart.timeScale().fitContent();
    }
    this.drawOrders(trading ? trading.orders.filter((each) => each.instrument_id === instrument) : []);
    const times = this.results[0];
    if (trading && (!times.length || now > times[times.length - 1])) {
      [now, Number(trading.pnl), Number(trading.day_pnl)].forEach((value, column) => {
        this.results[column].push(value);
        if (this.results[column].length > POINTS) this.results[column].shift();
      });
      this.plot.setData(this.results);
    }
    for (const each of state.connections) this.noteBeat(each);
  }

  drawOrders(orders) {
    const wanted = orders.filter((each) => each.price !== null || each.trigger_price !== null).slice(0, 40);
    const parts = ["side", "price", "trigger_price", "quantity", "status"];
    const key = JSON.stringify(wanted.map((each) => parts.map((part) => each[part])));
    if (key === this.drawn) return;
    this.drawn = key;
    for (const line of this.lines) this.series.removePriceLine(line);
    this.lines = wanted.map((each) => this.series.createPriceLine({
      price: Number(each.price ?? each.trigger_price),
      color: css(each.status === "unknown" ? "--warn" : each.side === "buy" ? "--good" : "--bad"),
      lineWidth: 1,
      lineStyle: 2,
      title: `${each.side} ${each.quantity}${each.status === "unknown" ? " UNKNOWN" : ""}`,
    }));
  }

  mark(fills, instrument) {
    const own = fills.filter((each) => each.instrument_id === instrument);
    this.markers.setMarkers(own.map((each) => ({
      time: Math.floor(each.time),
      position: each.side === "buy" ? "belowBar" : "aboveBar",
      shape: each.side === "buy" ? "arrowUp" : "arrowDown",
      color: css(each.side === "buy" ? "--good" : "--bad"),
      text: own.length > NAMED ? "" : `${each.quantity}`,
    })));
    document.getElementById("price").dataset.fills = own.length;
  }

  showBook(element, book, quote) {
    if (book === null || book.time === null) {
      const best = quote ? ` Best: ${quote.bid_price ?? "none"} / ${quote.ask_price ?? "none"}.` : "";
      fill(element, [text(`No strategy reads this order book.${best}`, "dim", "p")]);
      return;
    }
    const rows = [...depth(book.asks, "ask").reverse(), ...depth(book.bids, "bid")];
    const most = Math.max(...rows.map((each) => each.sum), 0);
    fill(element, rows.map((each) => {
      const line = text("", `level ${each.side}`, "div");
      const bar = text("", "bar");
      bar.style.width = `${most ? (100 * each.sum) / most : 0}%`;
      line.append(bar, text(each.price), text(each.size));
      return line;
    }));
    element.append(text(`as of ${book.time.slice(11, 19)}; bars: summed from the best price`, "note", "p"));
  }

  // Latencies: heartbeats as they came since the page was opened, and whatever the engine has counted.
  noteBeat(connection) {
    if (connection.latency_ms === null) return;
    const beats = this.beats.get(connection.name) ?? [];
    if (beats[beats.length - 1] !== connection.latency_ms) beats.push(connection.latency_ms);
    this.beats.set(connection.name, beats.slice(-500));
  }

  showHistograms(counted) {
    this.histograms = counted ?? this.histograms;
    const blocks = [...this.beats].map(([name, beats]) => heartbeats(name, beats));
    for (const [name, each] of Object.entries(this.histograms)) blocks.push(histogram(name, each.bounds, each.counts));
    fill(this.latency, blocks.length ? blocks : [text("No heartbeat was answered yet.", "dim")]);
  }
}

const timeOf = (at) => new Date(at * 1000).toISOString().slice(11, 19);

const middle = (bid, ask) => (Number(bid) + Number(ask)) / 2;

function depth(levels, side) {
  let sum = 0;
  return levels.slice(0, LEVELS).map(([price, size]) => ({ side, price, size, sum: (sum += Number(size)) }));
}

function heartbeats(name, beats) {
  const bounds = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((each) => each / 1000);
  const counts = bounds.map(() => 0).concat(0);
  for (const each of beats) {
    const place = bounds.findIndex((bound) => each / 1000 <= bound);
    counts[place < 0 ? bounds.length : place] += 1;
  }
  return histogram(`heartbeat ${name}`, bounds, counts);
}

// Bounds in seconds; the last count is of what is above all of them.
function histogram(name, bounds, counts) {
  const used = counts.map((each, index) => (each ? index : -1)).filter((each) => each >= 0);
  const all = counts.reduce((sum, each) => sum + each, 0);
  const block = text("", "histogram", "div");
  block.append(text(`${name}: ${all}`, "note", "p"));
  if (!used.length) return block;
  const first = Math.max(0, used[0] - 1);
  const last = Math.min(counts.length - 1, used[used.length - 1] + 1);
  const most = Math.max(...counts);
  const bars = text("", "bars", "div");
  for (let index = first; index <= last; index += 1) {
    const bar = document.createElement("i");
    bar.style.height = `${(100 * counts[index]) / most}%`;
    bar.title = `${counts[index]} ${index < bounds.length ? `up to ${spanOf(bounds[index])}` : "above"}`;
    bars.append(bar);
  }
  const highest = bounds[Math.min(last, bounds.length - 1)];
  block.append(bars, text(`${spanOf(bounds[first])} … ${spanOf(highest)}`, "note", "p"));
  return block;
}
