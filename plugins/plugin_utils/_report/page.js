"use strict";
(() => {
  // What comes from outside is written with textContent only; nothing here makes HTML from text.
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = (place) => (place < 0 ? null : data.strings[place]);
  const DAY = 86400000;
  const now = Date.now();
  const STEP = 100;
  const TIMELINE_STEP = 25;
  const TIMELINE_PAUSE = 150; // ms

  const WORDS = {
    PENDING_VALIDATION: "Pending validation", ISSUED: "Issued", INACTIVE: "Inactive", EXPIRED: "Expired",
    VALIDATION_TIMED_OUT: "Timed out", REVOKED: "Revoked", FAILED: "Failed", UNKNOWN: "Unknown",
    AMAZON_ISSUED: "Public", PRIVATE: "Private", IMPORTED: "Imported",
    RSA_1024: "RSA 1024", RSA_2048: "RSA 2048", RSA_3072: "RSA 3072", RSA_4096: "RSA 4096",
    EC_prime256v1: "EC P-256", EC_secp384r1: "EC P-384", EC_secp521r1: "EC P-521",
    PENDING_AUTO_RENEWAL: "under way", SUCCESS: "done",
    current: "current", outdated: "earlier certificate", other: "another certificate", silent: "no answer", unknown: "not known",
  };
  const SERVICES = { elasticloadbalancing: "Load balancing", cloudfront: "CloudFront", apigateway: "API Gateway", cognito: "Cognito",
    "cognito-idp": "Cognito", appsync: "AppSync", es: "OpenSearch", apprunner: "App Runner", "network-firewall": "Network Firewall" };
  const said = (word) => WORDS[word] || word || "";
  const RANK = { critical: 0, warning: 1, notice: 2 };
  const PLACE_TAGS = { current: "good", outdated: "warning", other: "warning", silent: "warning", unknown: "" };

  // ------------------------------------------------------------ the data, made handy

  const all = data.rows.map((row) => {
    const one = {};
    data.columns.forEach((column, index) => { one[column] = row[index]; });
    for (const column of ["connection", "region", "account", "status", "type", "key", "issuer", "eligibility", "renewalStatus"]) {
      one[column] = text(one[column]);
    }
    one.places = one.places.map(([host, service, port, name, state, serial, until, error]) => (
      { host: text(host), service: text(service), port, name: text(name), state: text(state), serial, until, error }));
    one.title = one.names[0] || one.arn;
    one.ends = one.until ? Date.parse(one.until) : NaN;
    one.starts = one.from ? Date.parse(one.from) : NaN;
    one.renews = one.renewalFrom ? Date.parse(one.renewalFrom) : NaN;
    one.rank = Math.min(3, ...one.items.map(([, severity]) => RANK[severity]));
    one.hosts = [...new Set(one.places.map((place) => place.host))];
    one.wrong = new Set(one.places.filter((place) => !["current", "unknown"].includes(place.state)).map((place) => place.host)).size;
    one.where = [one.account, one.region].filter(Boolean).join(" · ");
    one.haystack = [one.arn, ...one.names, one.serial, one.issuer, one.status, said(one.status), one.where, one.connection,
      ...one.hosts, ...one.inUseBy, ...one.tags.map((tag) => tag.join("="))].filter(Boolean).join("\n").toLowerCase();
    return one;
  });
  const byArn = new Map(all.map((one) => [one.arn, one]));

  // ------------------------------------------------------------ small builders

  const make = (tag, properties, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "class") element.className = value;
      else if (name in element && name !== "list" && name !== "role") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
    return element;
  };
  const plural = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
  const day = (at) => (at ? String(at).slice(0, 10) : "–");
  const left = (moment) => {
    const days = Math.floor(moment / DAY) - Math.floor(now / DAY);
    if (days < 0) return `${plural(-days, "day")} ago`;
    return days === 0 ? "today" : days < 60 ? `in ${plural(days, "day")}` : `in ${plural(Math.floor(days / 30.44), "month")}`;
  };
  const time = (at) => (at ? make("time", { dateTime: at }, day(at)) : "–");
  const code = (value) => make("code", {}, value);
  const tag = (kind, words) => make("span", { class: `tag ${kind}` }, words);

  // ------------------------------------------------------------ what is shown

  const SOON = 30 * DAY;
  const VIEWS = {
    all: ["All", () => true],
    attention: ["Needs attention", (one) => one.rank < 2],
    soon: ["Expires within 30 days", (one) => one.status === "ISSUED" && one.ends - now < SOON],
    wrong: ["Not current on a host", (one) => one.wrong > 0],
    served: ["Served by a host", (one) => one.hosts.length > 0],
    unused: ["Not in use", (one) => !one.inUse && one.hosts.length === 0],
    pending: ["Pending validation", (one) => one.status === "PENDING_VALIDATION"],
    ended: ["Expired, failed or revoked", (one) => !["ISSUED", "PENDING_VALIDATION", "INACTIVE"].includes(one.status)],
  };
  const NO_HOST = "On no host";
  const GROUPS = {
    none: ["Nothing", null],
    host: ["Host", (one) => (one.hosts.length ? one.hosts : [NO_HOST])],
    region: ["Account and region", (one) => [one.where || "Unknown"]],
    connection: ["Connection", (one) => [one.connection]],
    status: ["Status", (one) => [said(one.status)]],
    issuer: ["Issuer", (one) => [one.issuer || "Not issued"]],
  };
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const number = (value) => (Number.isNaN(value) ? Infinity : value);
  const COLUMNS = [
    ["name", "Certificate", (one) => one.title.replace(/^\*\./, "").toLowerCase()],
    ["status", "Status", (one) => one.rank * 10 + (one.status === "ISSUED" ? 5 : one.status === "PENDING_VALIDATION" ? 0 : 7)],
    ["type", "Type", (one) => said(one.type)],
    ["key", "Key", (one) => said(one.key)],
    ["until", "Valid until", (one) => number(one.ends)],
    ["renewal", "Renewal from", (one) => number(one.renews)],
    ["use", "In use by", (one) => -one.inUseBy.length - (one.inUse ? 0.5 : 0)],
    ["served", "Served on", (one) => -one.wrong * 100000 - one.hosts.length],
    ["where", "Region, account", (one) => [one.region, one.account].join(" ")],
  ];
  const shown = { query: "", view: "all", type: "", where: "", group: "none", sort: "status", isDown: false, limit: STEP, timeline: TIMELINE_STEP };

  const chosen = () => {
    const words = shown.query.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = VIEWS[shown.view][1];
    const found = all.filter((one) => fits(one) && (!shown.type || one.type === shown.type)
      && (!shown.where || one.where === shown.where) && words.every((word) => one.haystack.includes(word)));
    const key = COLUMNS.find(([id]) => id === shown.sort)[2];
    const keyed = found.map((one) => [key(one), one]);
    const sign = shown.isDown ? -1 : 1;
    keyed.sort((a, b) => sign * compare(a[0], b[0]) || compare(number(a[1].ends), number(b[1].ends)) || compare(a[1].title, b[1].title));
    return keyed.map(([, one]) => one);
  };

  // ------------------------------------------------------------ the table

  const holder = document.getElementById("table");
  const count = document.getElementById("count");

  const statusCell = (one) => {
    const kind = one.rank === 0 ? "critical" : one.rank === 1 ? "warning" : one.status === "ISSUED" ? "good" : "";
    const note = one.rank === 0 ? "critical" : one.rank === 1 ? "needs attention" : null;
    return make("td", { class: "nowrap c-status" }, tag(kind, said(one.status)), note && make("small", {}, note));
  };
  const servedCell = (one) => {
    const cell = make("td", { class: "c-served" });
    if (!one.hosts.length) { cell.append("–"); return cell; }
    const current = one.places.filter((place) => place.state === "current").length;
    const hosts = one.hosts.length === 1 ? one.hosts[0] : plural(one.hosts.length, "host");
    cell.append(make("span", { class: "host", title: hosts }, hosts));
    if (one.wrong) cell.append(make("small", {}, tag("warning", one.hosts.length === 1 ? "not current" : `${one.wrong} not current`)));
    else cell.append(make("small", {}, current ? "current" : "not known"));
    return cell;
  };
  const useCell = (one) => {
    const services = [...new Set(one.inUseBy.map((arn) => SERVICES[arn.split(":")[2]] || arn.split(":")[2] || arn))];
    const words = services.length ? services.join(", ") : one.inUse ? "AWS services" : "–";
    return make("td", { class: "c-use" }, words, one.inUseBy.length > 1 && make("small", {}, plural(one.inUseBy.length, "resource")));
  };
  const renewalCell = (one) => {
    const cell = make("td", { class: "nowrap c-renewal" });
    if (one.type === "IMPORTED") { cell.append("never: imported"); return cell; }
    cell.append(time(one.renewalFrom));
    const words = one.renewalStatus ? said(one.renewalStatus) : one.eligibility === "INELIGIBLE" ? "not eligible" : null;
    if (words) cell.append(make("small", {}, words.toLowerCase()));
    return cell;
  };
  const rowOf = (one) => make("tr", {},
    make("th", { scope: "row", class: "name" },
      make("button", { type: "button", "data-arn": one.arn, "aria-haspopup": "dialog" }, one.title),
      make("small", {}, [one.names.length > 1 && `and ${plural(one.names.length - 1, "more name")}`, one.issuer].filter(Boolean).join(" · "))),
    statusCell(one),
    make("td", { class: "nowrap c-type" }, said(one.type)),
    make("td", { class: "nowrap c-key" }, said(one.key)),
    make("td", { class: "nowrap c-until" }, time(one.until), one.until && make("small", {}, left(one.ends))),
    renewalCell(one), useCell(one), servedCell(one),
    make("td", { class: "c-where" }, one.region || "–", one.account && make("small", {}, one.account)));

  const head = () => make("thead", {}, make("tr", {}, COLUMNS.map(([id, name]) => make("th",
    { scope: "col", class: `c-${id}`, "aria-sort": shown.sort === id ? (shown.isDown ? "descending" : "ascending") : null },
    make("button", { type: "button", "data-sort": id }, name)))));

  const bodies = (found) => {
    const grouping = GROUPS[shown.group][1];
    if (!grouping) return [found.length, [make("tbody", {}, found.slice(0, shown.limit).map(rowOf))]];
    const groups = new Map();
    for (const one of found) for (const name of grouping(one)) groups.set(name, [...(groups.get(name) || []), one]);
    const made = [];
    let total = 0;
    let room = shown.limit;
    const order = (name) => (name === NO_HOST ? 1 : 0);
    for (const [name, members] of [...groups].sort((a, b) => compare(order(a[0]), order(b[0])) || compare(a[0], b[0]))) {
      total += members.length;
      if (room <= 0) continue;
      made.push(make("tbody", {},
        make("tr", { class: "group" }, make("th", { scope: "rowgroup", colSpan: COLUMNS.length }, `${name} (${members.length})`)),
        members.slice(0, room).map(rowOf)));
      room -= members.length;
    }
    return [total, made];
  };

  let timelineDue = 0;
  let isPrinting = false;
  const render = (keepFocus) => {
    const focused = keepFocus && document.activeElement && document.activeElement.dataset.sort;
    const found = chosen();
    const [total, made] = bodies(found);
    const rest = total - shown.limit;
    const table = make("table", { "aria-describedby": "count" }, make("caption", { class: "hidden-text" }, "Certificates"), head(), made);
    holder.replaceChildren(make("div", { class: "sheet" }, table,
      rest > 0 && make("div", { class: "rest" },
        make("button", { type: "button", id: "more" }, `Show ${Math.min(STEP, rest)} more`),
        make("button", { type: "button", id: "everything" }, `Show all ${total.toLocaleString("en")}`))));
    count.textContent = found.length === all.length ? plural(found.length, "certificate")
      : `${found.length.toLocaleString("en")} of ${plural(all.length, "certificate")}`;
    if (!found.length) holder.replaceChildren(make("p", { class: "small" }, all.length ? "No certificate fits." : "There are no certificates."));
    if (focused) holder.querySelector(`[data-sort="${focused}"]`)?.focus();
    clearTimeout(timelineDue);
    if (isPrinting) timeline(found);
    else timelineDue = setTimeout(() => timeline(found), TIMELINE_PAUSE); // not between two letters that are typed
  };

  // ------------------------------------------------------------ the timeline

  const timeline = (found) => {
    const dated = found.filter((one) => one.ends > now - 60 * DAY && !Number.isNaN(one.starts)).sort((a, b) => a.ends - b.ends);
    const section = document.getElementById("timeline");
    section.hidden = dated.length === 0;
    if (!dated.length) return;
    const rows = dated.slice(0, shown.timeline);
    const begin = now - 45 * DAY;
    const end = Math.min(Math.max(rows[rows.length - 1].ends, now + 90 * DAY) + 20 * DAY, now + 460 * DAY);
    const at = (moment) => `${(Math.min(Math.max((moment - begin) / (end - begin), 0), 1) * 100).toFixed(3)}%`;
    const bar = (kind, from, to) => {
      const span = make("span", { class: kind });
      span.style.left = at(from);
      if (to !== undefined) span.style.right = `calc(100% - ${at(to)})`;
      return span;
    };
    const months = new Map();
    for (const one of dated) {
      const month = one.until.slice(0, 7);
      months.set(month, (months.get(month) || 0) + 1);
    }
    const axis = make("div", { class: "track" });
    const first = new Date(begin);
    for (let step = 1; step < 18; step += 1) {
      const moment = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + step, 1);
      if (moment > end) break;
      const date = new Date(moment);
      const mark = make("span", { class: "month" });
      mark.style.left = at(moment);
      const name = date.toLocaleString("en", { month: "short", timeZone: "UTC" });
      const ending = months.get(date.toISOString().slice(0, 7));
      mark.append(date.getUTCMonth() === 0 ? String(date.getUTCFullYear()) : name);
      if (ending) mark.append(make("b", {}, String(ending)));
      axis.append(mark);
    }
    document.getElementById("timeline-axis").replaceChildren(make("span", {}), axis);
    const edge = axis.getBoundingClientRect().right;
    while (axis.lastElementChild && axis.lastElementChild.getBoundingClientRect().right > edge) axis.lastElementChild.remove();
    document.getElementById("timeline-rows").replaceChildren(...rows.map((one) => {
      const track = make("span", { class: "track", "aria-hidden": "true" }, bar("life", one.starts, one.ends));
      if (!Number.isNaN(one.renews)) track.append(bar("window", one.renews, one.ends));
      track.append(bar("today", now));
      return make("li", {}, make("span", { class: "who", title: one.title }, one.title,
        make("span", { class: "hidden-text" }, `: valid from ${day(one.from)} until ${day(one.until)}`
          + (one.renewalFrom ? `, renewal from ${day(one.renewalFrom)}` : ", not renewed by ACM"))), track);
    }));
    const more = document.getElementById("timeline-more");
    more.hidden = dated.length <= rows.length;
    more.textContent = `Show ${Math.min(TIMELINE_STEP, dated.length - rows.length)} more of ${dated.length.toLocaleString("en")}`;
  };

  // ------------------------------------------------------------ the part of one certificate

  const dialog = document.getElementById("detail");
  const table = (name, heads, rows) => make("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": name },
    make("table", {}, make("thead", {}, make("tr", {}, heads.map((each) => make("th", { scope: "col" }, each)))),
      make("tbody", {}, rows.map((cells) => make("tr", {}, cells.map((cell) => make("td", {}, cell)))))));
  const part = (name, ...content) => [make("h3", {}, name), ...content];

  const detail = (one) => {
    const facts = [
      ["Status", [said(one.status), one.reason && ` (${one.reason})`]],
      ["Names", [make("ul", {}, one.names.map((name) => make("li", {}, name)))]],
      ["Type and key", [[said(one.type), said(one.key)].filter(Boolean).join(", ")]],
      ["Issuer", [one.issuer]],
      ["Valid", [one.from && `${day(one.from)} to ${day(one.until)}, ${one.ends < now ? "ended" : "ends"} ${left(one.ends)}`]],
      ["Renewal", [one.type === "IMPORTED" ? "ACM does not renew imported certificates"
        : [one.renewalFrom && `from ${day(one.renewalFrom)}`, one.renewalStatus && said(one.renewalStatus).toLowerCase(), one.renewalReason,
          one.eligibility && one.eligibility.toLowerCase()].filter(Boolean).join(", ")]],
      ["Serial", [one.serial && code(one.serial)]],
      ["SHA-256 fingerprint", [one.fingerprint && code(one.fingerprint)]],
      ["ARN", [code(one.arn)]],
      ["Read from", [one.connection]],
    ].filter(([, content]) => content.some(Boolean));
    const items = one.items.map(([place]) => {
      const copy = document.getElementById(`item-${place}`).cloneNode(true);
      copy.removeAttribute("id");
      for (const inner of copy.querySelectorAll(".to-certificates")) inner.remove();
      return copy;
    });
    const places = one.places.map((place) => [
      place.host, `${place.service}, port ${place.port}`, place.name || "–",
      [tag(PLACE_TAGS[place.state] || "", said(place.state)), place.until && make("small", {}, `until ${day(place.until)}, serial ${place.serial}`),
        place.error && make("small", {}, place.error)],
    ]);
    const body = make("div", { class: "body" },
      items.length ? part("Needs attention", make("ol", { class: "items" }, items)) : null,
      make("dl", { class: "facts" }, facts.flatMap(([name, content]) => [make("dt", {}, name), make("dd", {}, content)])),
      places.length ? part("Served", table("Served", ["Host", "Service", "Name asked for", "Serves"], places)) : null,
      one.inUseBy.length ? part("In use by", make("ul", {}, one.inUseBy.map((arn) => make("li", {}, code(arn))))) : null,
      one.validations.length ? part("Validation", table("Validation", ["Name", "How", "Status", "Record", "Value"],
        one.validations.map(([name, how, status, record, type, value]) => [name, how || "–", status || "–",
          [record ? code(record) : "–", type && ` ${type}`], value ? code(value) : "–"]))) : null,
      one.chain.length ? part("Chain", make("ol", {}, one.chain.map((place) => {
        const [subject, until, fingerprint] = data.above[place];
        return make("li", {}, subject, make("small", {}, `until ${day(until)}, SHA-256 `, code(fingerprint)));
      }))) : null,
      one.history.length ? part("Serials", table("Serials", ["Serial", "Valid from", "Valid until", "First seen"],
        one.history.map(([serial, from, until, seen]) => [code(serial), time(from), time(until), time(seen)]))) : null,
      one.tags.length ? part("Tags", make("dl", { class: "facts" }, one.tags.flatMap(([key, value]) => [make("dt", {}, key), make("dd", {}, value || "–")]))) : null);
    dialog.replaceChildren(
      make("div", { class: "head" }, make("h2", { id: "detail-name" }, one.title), make("button", { type: "button", id: "close", autofocus: true }, "Close")),
      body);
  };

  let returnTo = null;
  const open = (arn) => {
    const one = byArn.get(arn);
    if (!one) return;
    detail(one);
    if (!dialog.open) {
      returnTo = document.activeElement;
      dialog.showModal();
    }
    dialog.scrollTop = 0;
    history.replaceState(null, "", `#c=${encodeURIComponent(arn)}`);
  };
  const openFromAddress = () => {
    if (!location.hash.startsWith("#c=")) return;
    try { open(decodeURIComponent(location.hash.slice(3))); } catch { /* not an address of ours */ }
  };
  dialog.addEventListener("close", () => {
    history.replaceState(null, "", location.pathname + location.search);
    // This event comes after the close: by then a person may have moved on, and keeps the focus.
    if (document.activeElement === document.body && returnTo && returnTo.isConnected) returnTo.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.id === "close") dialog.close();
  });

  // ------------------------------------------------------------ what people do

  const controls = document.getElementById("controls");
  const options = (choices) => choices.map(([value, name]) => make("option", { value }, name));
  const field = (name, control, wide) => make("label", { class: wide ? "wide" : null }, name, control);
  const select = (id, choices) => make("select", { id }, options(choices));
  const distinct = (column) => [...new Set(all.map((one) => one[column]).filter(Boolean))].sort();
  controls.append(
    field("Search", make("input", { id: "query", type: "search", autocomplete: "off", spellcheck: false,
      placeholder: "Name, host, serial, tag, ARN" }), true),
    field("Show", select("view", Object.entries(VIEWS).map(([id, [name]]) => [id, name]))),
    field("Type", select("type", [["", "All"], ...distinct("type").map((each) => [each, said(each)])])),
    field("Account and region", select("where", [["", "All"], ...distinct("where").map((each) => [each, each])])),
    field("Group by", select("group", Object.entries(GROUPS).map(([id, [name]]) => [id, name]))));
  controls.hidden = false;
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", (event) => {
    shown[event.target.id] = event.target.value;
    shown.limit = STEP;
    shown.timeline = TIMELINE_STEP;
    render();
  });
  holder.addEventListener("click", (event) => {
    const target = event.target.closest("button");
    if (!target) return;
    if (target.dataset.arn) open(target.dataset.arn);
    else if (target.dataset.sort) {
      shown.isDown = shown.sort === target.dataset.sort && !shown.isDown;
      shown.sort = target.dataset.sort;
      render(true);
    } else {
      const before = shown.limit;
      shown.limit = target.id === "everything" ? Infinity : shown.limit + STEP;
      render();
      holder.querySelectorAll("[data-arn]")[before]?.focus();
    }
  });
  document.getElementById("timeline-more").addEventListener("click", () => {
    shown.timeline += TIMELINE_STEP;
    timeline(chosen());
  });
  addEventListener("hashchange", openFromAddress);
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a.to-certificate");
    if (link && link.hash === location.hash) openFromAddress();
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !isTyping && !dialog.open && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      document.getElementById("query").focus();
    }
  });

  // On paper everything is there.
  let limitBefore = null;
  addEventListener("beforeprint", () => {
    limitBefore = [shown.limit, shown.timeline];
    isPrinting = true;
    shown.limit = Infinity;
    render();
    for (const each of document.querySelectorAll("main details:not([open])")) { each.dataset.closed = "yes"; each.open = true; }
  });
  addEventListener("afterprint", () => {
    if (limitBefore) [shown.limit, shown.timeline] = limitBefore;
    isPrinting = false;
    render();
    for (const each of document.querySelectorAll("main details[data-closed]")) { each.open = false; delete each.dataset.closed; }
  });

  const ago = document.querySelector(".ago");
  const hours = Math.floor((now - Date.parse(ago.dataset.at)) / 3600000);
  if (hours >= 1) ago.textContent = hours < 48 ? ` (${plural(hours, "hour")} ago)` : ` (${plural(Math.floor(hours / 24), "day")} ago)`;
  timeline(chosen());
  render();
  openFromAddress();
})();
