// Shows Kassa's payment page within a shop's own page:
//   var handle = Kassa.embed({clientToken: token, mode: "modal", onSuccess: function (e) { … }});
// Modes: "modal" over the page, "inline" within the element that `container` names. The handle can
// submit() the form, for a page with a pay button of its own, and close().
(function () {
  "use strict";

  var home = new URL(document.currentScript.src).origin;
  var slow = 15000; // ms until a page that says nothing is taken for one that cannot be shown
  var close = {fr: "Fermer"};

  function embed(options) {
    var inline = options.mode === "inline", holder = options.container;
    if (typeof holder === "string") {
      holder = document.querySelector(holder);
    }
    if (!options.clientToken) {
      throw new TypeError("Kassa.embed: clientToken is missing. It is made with the session.");
    }
    if (inline && !holder) {
      throw new TypeError("Kassa.embed: container must be an element, or a selector of one.");
    }
    var frame = make("iframe", {
      border: "0", display: "block", width: "100%", height: "26rem", background: "transparent"
    });
    frame.title = options.title || "Kassa";
    frame.src = home + "/embed/" + encodeURIComponent(options.clientToken) +
      "?parent=" + encodeURIComponent(location.origin);
    var box = inline ? frame : dialog(frame, leave), top = inline ? frame : box.firstChild;
    var ready = false, turned = false, over = false, declined = false, session = null;

    addEventListener("message", hear);
    (inline ? holder : document.body).append(box);
    if (!inline) {
      box.showModal();
    }
    var timer = setTimeout(function () {
      if (!ready) {
        tell("onFailure", {code: "page_not_shown", final: true});
      }
    }, slow);

    function tell(name, more) {
      if (typeof options[name] === "function") {
        options[name](Object.assign({session: session}, more));
        return true;
      }
      return false;
    }

    // once tells how the session ended, and nothing after that.
    function once(name, more) {
      if (!over) {
        over = true;
        tell(name, more);
      }
    }

    function hear(e) {
      if (e.source !== frame.contentWindow || e.origin !== home || !e.data || e.data.kassa !== 1) {
        return;
      }
      var m = e.data;
      if (m.type === "page") {
        show(m);
      } else if (m.type === "size") {
        fit(m.height);
      } else if (m.type === "submit" && declined) {
        declined = false;
        tell("onRetry");
      } else if (m.type === "go" && /^https?:/.test(m.url)) {
        location.assign(m.url);
      } else if (m.type === "escape" && !inline) {
        leave();
      } else if (m.type === "leave") {
        giveUp(m.url);
      }
    }

    // fit shows a new page from its top to whoever looked at the last.
    function fit(height) {
      frame.style.height = Math.min(Math.max(height, 120), 20000) + "px";
      if (turned) {
        turned = false;
        top.scrollIntoView();
      }
    }

    function show(m) {
      var at = top.getBoundingClientRect();
      turned = ready && at.top < 0 && at.bottom > 0;
      session = m.session;
      if (!ready) {
        ready = true;
        tell("onReady");
      }
      declined = m.page === "form" && !!m.decline;
      if (m.page === "paid" || m.page === "authorised") {
        once("onSuccess", {state: m.page});
      } else if (m.page === "expired") {
        once("onExpired");
      } else if (m.page === "canceled") {
        once("onCancel", {canceled: true});
        if (!inline) {
          end();
        }
      } else if (m.page === "closed" || m.page === "failed") {
        once("onFailure", {code: m.decline || null, final: true});
      } else if (declined) {
        tell("onFailure", {code: m.decline, final: false});
      }
    }

    // leave closes the dialog. The session is as it is.
    function leave() {
      once("onCancel", {canceled: false});
      end();
    }

    // giveUp is the payer's wish to go back to the shop, which is where they are.
    function giveUp(url) {
      if (!inline) {
        leave();
      } else if (!tell("onCancel", {canceled: false}) && /^https?:/.test(url)) {
        location.assign(url);
      }
    }

    function end() {
      clearTimeout(timer);
      removeEventListener("message", hear);
      if (!inline && box.open) {
        box.close();
      }
      box.remove();
    }

    return {
      element: box,
      submit: function () {
        if (ready) {
          frame.contentWindow.postMessage({kassa: 1, type: "submit"}, home);
        }
      },
      close: end
    };
  }

  // dialog is a layer over the page. The browser keeps the focus within it and gives it back.
  function dialog(frame, leave) {
    var layer = make("dialog", {
      position: "fixed", inset: "0", width: "100%", height: "100%", maxWidth: "none",
      maxHeight: "none", margin: "0", border: "0", padding: "0", boxSizing: "border-box",
      overflow: "auto", background: "rgb(15 17 21 / 62%)"
    });
    var sheet = make("div", {
      width: "min(30rem, 100%)", margin: "clamp(0px, 4vh, 3rem) auto", borderRadius: "12px",
      overflow: "hidden", background: "Canvas"
    });
    var button = make("button", {
      display: "block", width: "3rem", height: "3rem", margin: "0 0 0 auto", border: "0",
      background: "none", color: "CanvasText", font: "1.75rem/1 system-ui, sans-serif",
      cursor: "pointer"
    });
    button.type = "button";
    button.textContent = "\u00d7";
    button.setAttribute("aria-label", close[navigator.language.slice(0, 2)] || "Close");
    button.addEventListener("click", leave);
    layer.setAttribute("aria-label", frame.title);
    layer.addEventListener("cancel", function (e) {
      e.preventDefault();
      leave();
    });
    sheet.append(button, frame);
    layer.append(sheet);
    return layer;
  }

  function make(name, style) {
    var element = document.createElement(name);
    Object.assign(element.style, style);
    return element;
  }

  window.Kassa = Object.assign(window.Kassa || {}, {embed: embed});
})();
