// What the engine is told to do. The token is asked for once, and forgotten with the tab.
import { fill, text } from "/static/parts.js";

const KEPT = "livetrio-token";
const $ = (id) => document.getElementById(id);

const QUESTIONS = {
  halt: "Halt: nothing leaves any more, and every order of the account is canceled, whoever placed it. It stands " +
    "until somebody resumes, after a restart, too.",
  flatten: "Flatten: halt, cancel every order, and close all positions at the market, however long it takes.",
  stop: "Stop: strategies end, orders are canceled, positions stay as they are, and the engine exits.",
  "cancel-all": "Cancel orders. Strategies go on, and may place new ones.",
};

export function bindActions(instrument) {
  for (const button of document.querySelectorAll("[data-act]")) {
    button.addEventListener("click", () => run(button, instrument()));
  }
}

async function run(button, instrument) {
  const name = button.dataset.act;
  const asked = await ask(name, instrument);
  if (asked === null) return;
  button.disabled = true;
  try {
    await send(name, asked);
  } finally {
    button.disabled = false;
  }
}

// Null: it is not to be done. Else the query.
async function ask(name, instrument) {
  const question = QUESTIONS[name];
  const needsToken = sessionStorage.getItem(KEPT) === null;
  if (!question && !needsToken) return "";
  $("question").textContent = question ?? "To act takes the token of the configuration's operations.token.";
  $("token-label").hidden = !needsToken;
  $("token").value = "";
  const choices = name === "cancel-all" && instrument ? ["all", instrument] : [];
  $("choice-label").hidden = !choices.length;
  fill($("choice"), choices.map((each) => text(each, "", "option")));
  $("yes").textContent = wordsOf(name);
  const dialog = $("dialog");
  dialog.returnValue = "no";
  dialog.showModal();
  do { // a close of the question before may be told late
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  } while (dialog.open);
  if (dialog.returnValue !== "yes") return null;
  if (needsToken && $("token").value) sessionStorage.setItem(KEPT, $("token").value);
  $("token").value = "";
  return choices.length && $("choice").selectedIndex > 0 ? `?instrument=${encodeURIComponent(instrument)}` : "";
}

function wordsOf(name) {
  return { "cancel-all": "Cancel them" }[name] ?? name[0].toUpperCase() + name.slice(1);
}

async function send(name, query) {
  const token = sessionStorage.getItem(KEPT);
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  try {
    const answer = await fetch(`/api/${name}${query}`, { method: "POST", headers, cache: "no-store" });
    const said = await answer.json();
    if (answer.status === 401) sessionStorage.removeItem(KEPT);
    tell(answer.ok ? said.words : `Not done: ${said.words ?? said.error}`, answer.ok ? "good" : "bad");
  } catch {
    tell(`${name}: no answer. Whether it was done is not known; look at the state, or use livetrio halt.`, "bad");
  }
}

function tell(words, kind) {
  $("answer").textContent = `${new Date().toISOString().slice(11, 19)} ${words}`;
  $("answer").className = kind;
}
