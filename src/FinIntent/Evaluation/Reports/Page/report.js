
(() => {
  "use strict";
  const page = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const section = document.getElementById("questions");
  const form = section.querySelector("form");
  const table = section.querySelector("table");
  const more = document.getElementById("more");
  const limit = 200;
  const order = ["fixed", "broken", "both-wrong", "both-right", "wrong", "right"];
  const words = Object.fromEntries([...form.querySelectorAll("[data-filter]")].map(button => [button.dataset.filter, button]));

  const first = { a: section.dataset.a, b: section.dataset.b, rule: section.dataset.rule, filter: "all", class: "", q: "", lang: page.lang };
  const state = { ...first };

  const byQuestion = data.models.map(model => new Map(model.answers.map(answer => [answer[0], answer])));

  function isShared(rule) {
    return data.models[state.a].rules.includes(rule) && (state.b === "" || data.models[state.b].rules.includes(rule));
  }

  // [state, question, A's answer, B's answer], as the report's tables count them.
  function compared() {
    const [a, b] = [data.models[state.a], data.models[state.b]];
    const [ruleA, ruleB] = [a.rules.indexOf(state.rule), b ? b.rules.indexOf(state.rule) : -1];
    if (ruleA < 0 || (b && ruleB < 0)) return [];
    const rows = [];
    for (const ofA of a.answers) {
      const isRight = ofA[2][ruleA] === ofA[1];
      if (!b) {
        rows.push([isRight ? "right" : "wrong", ofA[0], ofA, null]);
        continue;
      }
      const ofB = byQuestion[state.b].get(ofA[0]);
      if (!ofB || ofB[1] !== ofA[1]) continue;
      const isRightThen = ofB[2][ruleB] === ofB[1];
      rows.push([isRight ? (isRightThen ? "both-right" : "broken") : (isRightThen ? "fixed" : "both-wrong"), ofA[0], ofA, ofB]);
    }
    return rows;
  }

  function matches(row) {
    const [, question, ofA, ofB] = row;
    if (state.class !== "" && data.classes[ofA[1]] !== state.class) return false;
    if (state.q === "") return true;
    const wanted = state.q.toLowerCase();
    return [...data.questions[question], ofA[3], ofB && ofB[3]].some(text => text && text.toLowerCase().includes(wanted));
  }

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function both(zh, en) {
    const made = document.createDocumentFragment();
    for (const [lang, text] of [["zh", zh], ["en", en]]) {
      const span = element("span", lang, text);
      span.lang = lang;
      made.append(span);
    }
    return made;
  }

  // Why a rule reads no class: -1 and below, in the order of ReportWords.Unread.
  const whyUnread = [["读不出", "Unreadable"], ["思考未完", "Unfinished"], ["拒答", "Refused"], ["空", "Empty"], ["题目过长", "Too long"]];

  function unread(choice) {
    return both(...whyUnread[-1 - choice]);
  }

  function answerCell(header, model, answer) {
    const cell = element("td", "answer");
    cell.dataset.zh = cell.dataset.en = header;
    const content = cell.appendChild(element("div"));
    const rule = data.models[model].rules.indexOf(state.rule);
    const choice = answer[2][rule];
    content.append(choice < 0 ? unread(choice) : data.classes[choice]);
    const text = answer[3];
    if (text !== null && (choice < 0 || ![data.classes[choice], data.classes[choice].split(" ")[0]].includes(text.trim()))) content.append(element("small", "text", text));
    if (answer[4] !== null && state.rule === "scored") content.append(element("small", "", (100 * answer[4]).toFixed(1) + " %"));
    return cell;
  }

  function goldCell(answer) {
    const cell = element("td", "answer");
    cell.dataset.zh = "正确答案";
    cell.dataset.en = "Right answer";
    cell.appendChild(element("div", "", data.classes[answer[1]]));
    return cell;
  }

  function tableRow([kind, question, ofA, ofB]) {
    const row = element("tr", kind);
    const label = element("td", "state");
    for (const span of words[kind].querySelectorAll(".zh, .en")) label.append(span.cloneNode(true));
    const [id, text] = data.questions[question];
    row.append(label, element("td", "id", id), element("td", "text question", text), goldCell(ofA), answerCell(data.models[state.a].name, state.a, ofA));
    if (ofB) row.append(answerCell(data.models[state.b].name, state.b, ofB));
    return row;
  }

  function showHeader() {
    const header = table.querySelector("thead tr");
    while (header.children.length > 4) header.lastChild.remove();
    const names = [state.a, state.b].filter(i => i !== "").map(i => data.models[i].name);
    for (const name of names) {
      const cell = element("th", "", name);
      cell.scope = "col";
      header.append(cell);
    }
    header.children[0].replaceChildren(state.b === "" ? both("对错", "Result") : both("变化", "Change"));
    const option = form.elements.rule.selectedOptions[0];
    const caption = table.querySelector("caption");
    caption.textContent = "";
    caption.append(both(names.join(" → ") + "，" + option.dataset.zh, names.join(" → ") + ", " + option.dataset.en));
  }

  function show(isWhole) {
    const rows = compared().filter(matches).sort((x, y) => order.indexOf(x[0]) - order.indexOf(y[0]));
    for (const [filter, button] of Object.entries(words)) {
      const isOfMode = filter === "all" || (state.b === "") === (filter === "wrong" || filter === "right");
      button.hidden = !isOfMode;
      button.setAttribute("aria-pressed", String(filter === state.filter));
      button.querySelector(".count").textContent = filter === "all" ? rows.length : rows.filter(row => row[0] === filter).length;
    }
    const chosen = state.filter === "all" ? rows : rows.filter(row => row[0] === state.filter);
    const body = table.tBodies[0];
    body.replaceChildren(...(isWhole ? chosen : chosen.slice(0, limit)).map(tableRow));
    document.getElementById("none").hidden = chosen.length > 0;
    more.hidden = isWhole || chosen.length <= limit;
    more.querySelector(".count").textContent = chosen.length - limit;
    showHeader();
  }

  // A filter of the other mode (two models, one model) or a rule that one of them lacks cannot stay.
  function settle() {
    if (!isShared(state.rule)) state.rule = [first.rule, "lenient", "scored"].find(isShared) ?? state.rule;
    const isSingle = state.filter === "wrong" || state.filter === "right";
    if (!words[state.filter] || (state.filter !== "all" && isSingle !== (state.b === ""))) state.filter = "all";
    for (const name of ["a", "b", "rule", "class", "q"]) {
      const field = form.elements[name];
      if (field) field.value = state[name];
    }
    for (const option of form.elements.rule.options) option.disabled = !isShared(option.value);
  }

  function setLanguage(lang) {
    state.lang = page.lang = lang === "en" ? "en" : "zh";
    for (const option of form.querySelectorAll("option[data-zh]")) option.textContent = option.dataset[state.lang];
    for (const button of document.querySelectorAll("[data-lang]")) button.setAttribute("aria-pressed", String(button.dataset.lang === state.lang));
    document.title = document.querySelector("h1 ." + state.lang).textContent;
  }

  function remember() {
    const changed = Object.entries(state).filter(([key, value]) => value !== first[key]);
    history.replaceState(null, "", changed.length === 0 ? location.pathname + location.search : "#" + new URLSearchParams(changed));
  }

  function readHash() {
    if (!location.hash.includes("=")) return;
    const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    Object.assign(state, first, Object.fromEntries(Object.entries(given).filter(([key]) => key in first)));
    if (!data.models[state.a] || state.a === "") state.a = first.a;
    if (state.b !== "" && !data.models[state.b]) state.b = first.b;
    if (!data.classes.includes(state.class)) state.class = "";
    setLanguage(state.lang);
    settle();
    show(false);
  }

  function change(values) {
    Object.assign(state, values);
    settle();
    show(false);
    remember();
  }

  page.classList.add("scripted");
  for (const label of data.classes) form.elements.class.append(new Option(label, label));
  setLanguage(state.lang);
  settle();
  show(false);
  readHash();

  addEventListener("hashchange", readHash);
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("input", event => event.target.name && change({ [event.target.name]: event.target.value }));
  form.querySelector(".filters").addEventListener("click", event => {
    const button = event.target.closest("[data-filter]");
    if (button) change({ filter: button.dataset.filter });
  });
  more.addEventListener("click", () => show(true));
  document.querySelector(".languages").addEventListener("click", event => {
    const button = event.target.closest("[data-lang]");
    if (!button) return;
    setLanguage(button.dataset.lang);
    remember();
  });
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
})();
