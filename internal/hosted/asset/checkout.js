// The page works without this file. It adds formatting, checks before sending, and live status.
(function () {
  "use strict";

  // What the first digits of a card number tell, and which picture stands for it.
  var brands = [
    [/^4/, "visa", "Visa"],
    [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, "mastercard", "Mastercard"],
    [/^3[47]/, "amex", "American Express"],
    [/^(6011|64[4-9]|65)/, "other", "Discover"],
    [/^(30[0-5]|36|3[89])/, "other", "Diners"],
    [/^35(2[89]|[3-8])/, "other", "JCB"],
    [/^62/, "other", "UnionPay"],
    [/^506[01]/, "other", "Verve"]
  ];

  var form = document.getElementById("pay");
  var tell; // says something to the page around this one, where there is one
  if (form) {
    sending(form, cardForm(form) || mobileForm(form) || codeForm(form) || {});
  }
  if (document.body.dataset.parent && parent !== window) {
    within(document.body.dataset, form);
  }
  copying(document.querySelectorAll("[data-copy]"));
  printing(document.querySelector("[data-print]"));
  localTime(document.querySelector(".deadline time"));
  disclosing(document.querySelector("form.help"));
  goOn();
  focusNotice();
  var live = document.querySelector("main[data-events]");
  if (live) {
    watch(live.dataset);
  }

  // goOn carries a buyer who is on the way on to the bank. The marks are taken off the address
  // first, so that the page stays when it is opened again or come back to.
  function goOn() {
    var url = new URL(location.href), bank = document.getElementById("bank");
    var onward = url.searchParams.has("go");
    url.searchParams.delete("go");
    url.searchParams.delete("prompt"); // told once
    if (url.href !== location.href) {
      history.replaceState(null, "", url.href);
    }
    if (bank && onward) {
      setTimeout(function () {
        if (bank.target !== "_top") {
          location.assign(bank.href);
        } else if (tell) {
          tell("go", {url: bank.href}); // a bank is not shown within another page
        }
      }, 1000);
    }
  }

  // within tells the page around this one what happens here, and lets it send the form. Nobody but
  // the origin that the server let in hears or says anything.
  function within(data, form) {
    tell = function (type, more) {
      parent.postMessage(Object.assign({kassa: 1, type: type, session: data.session}, more),
        data.parent);
    };
    tell("page", {page: data.page, decline: data.decline || null});
    new ResizeObserver(function () {
      tell("size", {height: Math.ceil(document.body.getBoundingClientRect().height)});
    }).observe(document.body);
    addEventListener("message", function (e) {
      var said = e.source === parent && e.origin === data.parent && e.data || {};
      if (form && said.kassa === 1 && said.type === "submit") {
        form.requestSubmit();
      }
    });
    if (data.expires < 86400) {
      // The page around is told when the time is over, also when nobody does anything.
      setTimeout(function () { location.replace(form.action); }, (+data.expires + 1) * 1000);
    }
    addEventListener("keydown", function (e) {
      if (e.key === "Escape") {
        tell("escape");
      }
    });
    document.querySelectorAll("[data-leave]").forEach(function (link) {
      link.addEventListener("click", function (e) {
        e.preventDefault();
        tell("leave", {url: link.href});
      });
    });
  }

  // printing shows the button that prints.
  function printing(button) {
    if (button) {
      button.parentElement.hidden = false;
      button.addEventListener("click", function () { print(); });
    }
  }

  // focusNotice leaves the scrolling to the page around this one, which knows when it is in place.
  function focusNotice() {
    var notice = document.querySelector("[data-focus]");
    if (notice) {
      notice.focus({preventScroll: !!tell});
    }
  }

  // copying shows the buttons that copy, where the browser can.
  function copying(buttons) {
    buttons.forEach(function (button) {
      if (!navigator.clipboard) {
        return;
      }
      var text = button.textContent, done = button.closest("[data-copied]").dataset.copied;
      button.hidden = false;
      button.addEventListener("click", function () {
        navigator.clipboard.writeText(button.dataset.copy).then(function () {
          button.textContent = document.getElementById("copied").textContent = done;
          button.dataset.done = "";
          setTimeout(function () {
            button.textContent = text;
            delete button.dataset.done;
            document.getElementById("copied").textContent = "";
          }, 2000);
        }, function () { getSelection().selectAllChildren(button.previousElementSibling); });
      });
    });
  }

  // localTime adds when that is on the buyer's clock.
  function localTime(time) {
    if (!time) {
      return;
    }
    var at = new Date(time.dateTime), lang = document.documentElement.lang;
    var languages = navigator.languages.filter(function (l) { return l.slice(0, 2) === lang; });
    languages.push(lang);
    time.textContent = "(" + at.toLocaleString(languages, {
      weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit"
    }) + ")";
    time.hidden = false;
  }

  // disclosing opens and closes the help in place. The way by the server is for pages without us.
  function disclosing(form) {
    if (!form) {
      return;
    }
    var button = form.querySelector("button"), box = document.getElementById("help");
    form.addEventListener("submit", function (e) {
      var main = document.getElementById("main"), next = new URL(main.dataset.next, location.href);
      e.preventDefault();
      box.hidden = !box.hidden;
      button.setAttribute("aria-expanded", String(!box.hidden));
      if (box.hidden) {
        next.searchParams.delete("help");
      } else {
        next.searchParams.set("help", "1"); // news of the page leave it open
      }
      main.dataset.next = next.href;
      document.querySelectorAll("[data-help]").forEach(function (field) {
        field.disabled = box.hidden;
      });
    });
  }

  // watch waits for another state than the page's own: by events, and when there are none by asking.
  // Whoever comes back from the bank's app or the phone's dialler is shown the latest at once.
  function watch(data) {
    function look(now) {
      if (now.state !== data.state || now.version !== data.version) {
        location.replace(data.next);
      }
    }
    function fetchState(address) {
      return fetch(address, {cache: "no-store"})
        .then(function (r) { return r.ok ? r.json() : data; })
        .then(look)
        .catch(function () {});
    }
    function ask() {
      fetchState(data.status).then(function () { setTimeout(ask, 3000); });
    }
    var notices = document.getElementById("notices");
    if (notices) {
      notices.hidden = false;
    }
    document.addEventListener("visibilitychange", function () {
      if (document.visibilityState === "visible") {
        fetchState(data.status + (data.status.indexOf("?") < 0 ? "?" : "&") + "fresh=1");
      }
    });
    if (!window.EventSource) {
      ask();
      return;
    }
    var source = new EventSource(data.events);
    source.addEventListener("state", function (e) { look(JSON.parse(e.data)); });
    source.onerror = function () {
      if (source.readyState === EventSource.CLOSED) {
        ask();
      }
    };
    addEventListener("pagehide", function () { source.close(); });
  }

  function cardForm(form) {
    var number = form.elements.number, expiry = form.elements.expiry, cvc = form.elements.cvc;
    if (!number) {
      return;
    }
    number.addEventListener("input", function () {
      if (/^[\d\s-]*$/.test(number.value)) {
        regroup(number);
      }
      showBrand(digitsOf(number.value));
    });
    expiry.addEventListener("input", function (e) {
      if (!/^delete/.test(e.inputType || "")) {
        slash(expiry);
      }
    });
    regroup(number);
    showBrand(digitsOf(number.value));
    return {
      check: function () { return check(number, expiry, cvc); },
      wipe: function () { number.value = cvc.value = ""; }
    };
  }

  // mobileForm follows the number's prefix with the network, until the buyer has chosen one.
  function mobileForm(form) {
    var phone = form.elements.phone, networks = form.querySelectorAll("[data-prefixes]");
    var decided = false;
    if (!phone) {
      return;
    }
    networks.forEach(function (n) {
      n.addEventListener("change", function () { decided = true; });
    });
    phone.addEventListener("input", function () {
      var prefix = digitsOf(phone.value).replace(/^(233|(?=[1-9]))/, "0").slice(0, 3);
      networks.forEach(function (n) {
        if (!decided && n.dataset.prefixes.split(" ").indexOf(prefix) >= 0) {
          n.checked = true;
        }
      });
    });
    return {
      check: function () {
        var problems = [];
        need(problems, phone, function (s) {
          return /[^\x00-\x7f]/.test(s) || digitsOf(s).length >= 9;
        });
        return problems;
      }
    };
  }

  function codeForm(form) {
    var code = form.elements.code;
    return code && {wipe: function () { code.value = ""; }};
  }

  // sending lets a form go once, when there is nothing to correct. how may check and wipe.
  function sending(form, how) {
    var button = form.querySelector("button"), text = button.firstElementChild;
    var label = text.textContent, busy = false;
    form.addEventListener("submit", function (e) {
      var problems = how.check && !busy ? how.check() : [];
      if (how.check && !busy) {
        showProblems(form, problems);
      }
      if (busy || problems.length > 0) {
        e.preventDefault();
        return;
      }
      busy = true;
      if (tell) {
        tell("submit");
      }
      button.setAttribute("aria-disabled", "true");
      text.textContent = form.dataset.busy;
    });
    // Whoever comes back to the page finds the button working and the secrets gone.
    addEventListener("pagehide", function () {
      if (how.wipe) {
        how.wipe();
      }
    });
    addEventListener("pageshow", function (e) {
      if (e.persisted) {
        location.reload();
      }
      busy = false;
      button.removeAttribute("aria-disabled");
      text.textContent = label;
    });
  }

  function digitsOf(s) {
    return s.replace(/\D/g, "");
  }

  // regroup writes the number as it stands on the card and keeps the cursor behind the same digit.
  function regroup(input) {
    var before = digitsOf(input.value.slice(0, input.selectionStart)).length;
    var digits = digitsOf(input.value).slice(0, 19);
    var sizes = /^3[47]/.test(digits) ? [4, 6, 5] : [4, 4, 4, 4, 3];
    var parts = [], at = 0;
    sizes.forEach(function (n) {
      if (at < digits.length) {
        parts.push(digits.slice(at, at + n));
      }
      at += n;
    });
    var grouped = parts.join(" ");
    if (grouped === input.value) {
      return;
    }
    input.value = grouped;
    if (document.activeElement === input) {
      var caret = 0;
      for (var seen = 0; caret < grouped.length && seen < before; caret++) {
        if (grouped[caret] !== " ") {
          seen++;
        }
      }
      input.setSelectionRange(caret, caret);
    }
  }

  function brandOf(digits) {
    return brands.find(function (b) { return b[0].test(digits); });
  }

  function showBrand(digits) {
    var box = document.querySelector(".brands"), hint = document.getElementById("cvc-hint");
    var brand = brandOf(digits), four = brand && brand[1] === "amex";
    if (brand) {
      box.dataset.brand = brand[1];
      box.querySelector(".brand-name").textContent = brand[2];
    } else {
      delete box.dataset.brand;
    }
    hint.textContent = four ? hint.dataset.four : hint.dataset.three;
  }

  // slash sets the slash between month and year as soon as it is clear where the month ends.
  function slash(input) {
    var value = input.value;
    if (!/^[\d\s\/]*$/.test(value) || input.selectionStart < value.length) {
      return;
    }
    var digits = digitsOf(value);
    if (/^[2-9]/.test(digits) || /^1\s*\//.test(value)) {
      digits = "0" + digits;
    }
    if (digits.length > 6 || digits.length < 2) {
      return;
    }
    var year = digits.slice(2);
    if (year.length === 4) {
      year = year.slice(2);
    }
    input.value = digits.slice(0, 2) + " / " + year;
  }

  // check finds what is missing or cut short, so that nobody has to type a whole card again. All
  // else is left to the server, which knows the brands and the time.
  function check(number, expiry, cvc) {
    var problems = [];
    need(problems, number, function (s) {
      return /[^\x00-\x7f]/.test(s) || /^[\d\s.-]+$/.test(s) && digitsOf(s).length >= 12;
    });
    need(problems, expiry, function (s) { return /\d/.test(s); });
    need(problems, cvc, function (s) {
      return /[^\x00-\x7f]/.test(s) || /^\s*\d{3,4}\s*$/.test(s);
    });
    return problems;
  }

  function need(problems, input, good) {
    var value = input.value.trim();
    if (value === "") {
      problems.push([input, input.dataset.missing]);
    } else if (!good(value)) {
      problems.push([input, input.dataset.invalid]);
    }
  }

  function showProblems(form, problems) {
    form.querySelectorAll(".field").forEach(function (field) {
      var input = field.querySelector("input");
      var problem = problems.find(function (p) { return p[0] === input; });
      var error = field.querySelector(".error");
      field.classList.toggle("field-bad", !!problem);
      error.hidden = !problem;
      error.textContent = problem ? problem[1] : "";
      if (problem) {
        input.setAttribute("aria-invalid", "true");
      } else {
        input.removeAttribute("aria-invalid");
      }
    });
    var box = document.getElementById("problems"), list = box.querySelector("ul");
    list.replaceChildren.apply(list, problems.map(function (p) {
      var item = document.createElement("li"), link = document.createElement("a");
      link.href = "#" + p[0].id;
      link.textContent = p[1];
      link.addEventListener("click", function (e) {
        e.preventDefault();
        p[0].focus();
      });
      item.append(link);
      return item;
    }));
    box.hidden = problems.length === 0;
    if (problems.length > 0) {
      box.focus();
    }
  }
})();
