// What pages do better with a script; all of them work without.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const fill = (words, value) => words.replace("{}", () => value);

  // --- Times in the visitor's zone

  const LOCALE = `${document.documentElement.lang}-US`;
  const KEPT = "timezone";

  function isZone(name) {
    try {
      return Boolean(name) && Boolean(new Intl.DateTimeFormat(LOCALE, { timeZone: name }));
    } catch {
      return false;
    }
  }

  function keptZone() {
    try {
      const kept = localStorage.getItem(KEPT);
      return isZone(kept) ? kept : null;
    } catch {
      return null;
    }
  }

  function keepZone(name) {
    try {
      localStorage.setItem(KEPT, name);
    } catch { /* then it is asked again on the next page */ }
  }

  function part(moment, timeZone, options) {
    return new Intl.DateTimeFormat(LOCALE, { ...options, timeZone }).format(moment);
  }

  function zoneWords(zone, moment = new Date()) {
    try {
      const name = (timeZoneName) => new Intl.DateTimeFormat(LOCALE, { timeZone: zone, timeZoneName })
        .formatToParts(moment).find((item) => item.type === "timeZoneName").value;
      const words = name("longGeneric");
      return words.startsWith("GMT") ? name("long") : words;
    } catch {
      return zone.replaceAll("_", " ");
    }
  }

  function showTimes(zone) {
    for (const time of all("time[data-in]")) {
      const moment = new Date(time.dateTime);
      const say = (timeZone) => [
        part(moment, timeZone, { dateStyle: "full" }), part(moment, timeZone, { timeStyle: "short" })];
      const [date, clock] = say(zone);
      const [day, [hour, words, name]] = [time.children[0], time.children[1].children];
      day.textContent = date;
      hour.textContent = clock;
      words.textContent = zoneWords(zone, moment);
      name.textContent = `(${zone})`;
      const elsewhere = time.nextElementSibling || time.parentElement.nextElementSibling;
      if (elsewhere?.classList.contains("elsewhere")) {
        elsewhere.hidden = say(time.dataset.in).join() === [date, clock].join();
      }
    }
    for (const leaf of all("[data-leaf]")) {
      const moment = new Date(leaf.dataset.leaf);
      ["weekday", "day", "month"].forEach((name, place) => {
        leaf.children[place].textContent = part(moment, zone, { [name]: name === "day" ? "numeric" : "short" });
      });
    }
  }

  function select(list, zone) {
    if (!all("option", list).some((option) => option.value === zone)) {
      list.add(new Option(`${zoneWords(zone)} (${zone})`, zone), 0);
    }
    list.value = zone;
  }

  const own = keptZone() || Intl.DateTimeFormat().resolvedOptions().timeZone;

  const bar = one("[data-zone-bar]");
  if (bar && isZone(own)) {
    const list = one("select", bar);
    const show = (zone) => {
      select(list, zone);
      one("b", bar).textContent = zoneWords(zone);
      showTimes(zone);
    };
    show(isZone(bar.dataset.chosen) ? bar.dataset.chosen : own);
    one("button", bar).hidden = true;
    list.addEventListener("change", () => {
      keepZone(list.value);
      show(list.value);
    });
  } else if (!one("[data-zone-field]") && isZone(own)) {
    showTimes(own);
  }

  const field = one("[data-zone-field]");
  if (field && isZone(own)) {
    const list = one("select", field);
    const zone = "chosen" in field.dataset ? list.value : own;
    select(list, zone);
    showTimes(zone);
    const said = one("p", field);
    said.prepend(`${zoneWords(zone)} `);
    said.hidden = false;
    list.hidden = true;
    one("button", said).addEventListener("click", () => {
      said.remove();
      list.hidden = false;
      list.focus();
    });
    list.addEventListener("change", () => {
      keepZone(list.value);
      showTimes(list.value);
    });
  }

  // --- Questions that hang on an answer before them

  const hanging = all("[data-show-if]");
  if (hanging.length) {
    const showAsked = () => {
      for (const ask of hanging) {
        const { showIf, values } = ask.dataset;
        ask.hidden = !all(`[name^="${showIf}"]:checked`).some((picked) => (
          !picked.closest("[hidden]") && values.split(" ").includes(picked.value)));
      }
    };
    for (const words of all("[data-when]")) words.hidden = true;
    addEventListener("change", showAsked);
    addEventListener("pageshow", showAsked);
    showAsked();
  }

  // --- A page that is read counts itself

  const seen = one("[data-visit]");
  if (seen) navigator.sendBeacon?.("/visits", new URLSearchParams(seen.dataset.visit));

  // --- Mistakes are read out first

  one(".error-summary")?.focus();

  // --- Pressed twice is pressed once

  const opened = Date.now();
  for (const form of all("form[data-once]")) {
    const button = one("button:not([type=button])", form);
    const words = button.textContent;
    const free = () => {
      delete form.dataset.sent;
      button.removeAttribute("aria-disabled");
      button.textContent = words;
    };
    form.addEventListener("submit", (event) => {
      if (event.submitter?.formTarget) return;
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = "yes";
      button.setAttribute("aria-disabled", "true");
      button.textContent = document.body.dataset.wait;
      const wait = opened + Number(form.dataset.fillMs || 0) - Date.now();
      if (wait > 0) { // the server takes quicker ones for programs
        event.preventDefault();
        setTimeout(() => HTMLFormElement.prototype.submit.call(form), wait);
      }
      setTimeout(free, 12000);
    });
    addEventListener("pageshow", (event) => event.persisted && free());
  }

  // --- "Did you mean gmail.com?": a hint that stops nobody

  function distance(a, b) {
    let row = [...Array(b.length + 1).keys()];
    for (let i = 1; i <= a.length; i += 1) {
      const next = [i];
      for (let j = 1; j <= b.length; j += 1) {
        const swap = a[i - 1] === b[j - 1] ? 0 : 1;
        next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + swap);
      }
      row = next;
    }
    return row[b.length];
  }

  const email = one("[data-domains]");
  const hint = () => {
    const place = document.getElementById("email-suggestion");
    place.replaceChildren();
    const known = email.dataset.domains.split(" ");
    const [name, domain = ""] = email.value.trim().toLowerCase().split("@");
    if (!name || domain.length < 4 || known.includes(domain)) return;
    const near = known.find((item) => distance(domain, item) <= (item.length > 7 ? 2 : 1));
    if (!near) return;
    const fixed = `${email.value.trim().split("@")[0]}@${near}`;
    const use = document.createElement("button");
    use.type = "button";
    use.className = "plain-button";
    use.textContent = fill(email.dataset.use, fixed);
    use.addEventListener("click", () => {
      email.value = fixed;
      place.replaceChildren();
      email.focus();
    });
    place.append(fill(email.dataset.meant, near), " ", use);
  };
  // Not at once: a page that moves under a finger makes it miss the button.
  email?.addEventListener("change", () => setTimeout(hint, 400));

  // --- How long until the room opens, by the server's clock

  const countdown = one("[data-until]");
  if (countdown) {
    const ahead = Date.parse(countdown.dataset.now) - Date.now();
    const until = Date.parse(countdown.dataset.until);
    const count = (number, unit) => new Intl.NumberFormat(LOCALE, {
      style: "unit", unit, unitDisplay: "long" }).format(number);
    const tick = () => {
      const left = Math.ceil((until - Date.now() - ahead) / 1000);
      if (left <= 0) {
        clearInterval(timer);
        location.reload();
      } else if (left < 3600) {
        const minutes = Math.floor(left / 60);
        const seconds = count(left % 60, "second");
        const words = `${minutes ? `${count(minutes, "minute")} ` : ""}${seconds}`;
        countdown.textContent = fill(countdown.dataset.words, words);
      }
    };
    const timer = setInterval(tick, 1000);
  }
})();
