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
  if (form) {
    cardForm(form);
  }
  goOn();
  focusNotice();
  var live = document.querySelector("main[data-events]");
  if (live) {
    watch(live.dataset);
  }

  // goOn carries a buyer who is on the way on to the bank. The mark is taken off the address first,
  // so that the page stays when it is opened again or come back to.
  function goOn() {
    var url = new URL(location.href), bank = document.getElementById("bank");
    if (!url.searchParams.has("go")) {
      return;
    }
    url.searchParams.delete("go");
    history.replaceState(null, "", url.href);
    if (bank) {
      setTimeout(function () { location.assign(bank.href); }, 1000);
    }
  }

  function focusNotice() {
    var notice = document.querySelector("[data-focus]");
    if (notice) {
      notice.focus();
    }
  }

  // watch waits for another state than the page's own: by events, and when there are none by asking.
  function watch(data) {
    function look(now) {
      if (now.state !== data.state) {
        location.replace(data.next);
      }
    }
    function ask() {
      fetch(data.status, {cache: "no-store"})
        .then(function (r) { return r.ok ? r.json() : {state: data.state}; })
        .then(look)
        .catch(function () {})
        .then(function () { setTimeout(ask, 3000); });
    }
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
    var button = form.querySelector("button"), text = button.firstElementChild;
    var label = text.textContent, busy = false;

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
    form.addEventListener("submit", function (e) {
      if (busy) {
        e.preventDefault();
        return;
      }
      var problems = check(number, expiry, cvc);
      showProblems(form, problems);
      if (problems.length > 0) {
        e.preventDefault();
        return;
      }
      busy = true;
      button.setAttribute("aria-disabled", "true");
      text.textContent = form.dataset.busy;
    });
    // Whoever comes back to the page finds the button working and the secrets gone.
    addEventListener("pagehide", function () {
      number.value = cvc.value = "";
    });
    addEventListener("pageshow", function (e) {
      if (e.persisted) {
        location.reload();
      }
      busy = false;
      button.removeAttribute("aria-disabled");
      text.textContent = label;
    });
    regroup(number);
    showBrand(digitsOf(number.value));
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
    function need(input, good) {
      var value = input.value.trim();
      if (value === "") {
        problems.push([input, input.dataset.missing]);
      } else if (!good(value)) {
        problems.push([input, input.dataset.invalid]);
      }
    }
    need(number, function (s) {
      return /[^\x00-\x7f]/.test(s) || /^[\d\s.-]+$/.test(s) && digitsOf(s).length >= 12;
    });
    need(expiry, function (s) { return /\d/.test(s); });
    need(cvc, function (s) { return /[^\x00-\x7f]/.test(s) || /^\s*\d{3,4}\s*$/.test(s); });
    return problems;
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
