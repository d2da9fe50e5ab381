// The page works without this file. It looks for news every second and exchanges what has changed,
// item by item, so that nothing a person is typing is lost; and a button pressed twice acts once.
(function () {
  "use strict";

  var pause = 1000, live = document.querySelector("[data-live]");
  forget();
  document.addEventListener("submit", once);
  addEventListener("pageshow", function (e) {
    if (e.persisted) {
      location.reload();
    }
  });
  if (live) {
    setTimeout(ask, pause);
    document.addEventListener("visibilitychange", function () {
      if (!document.hidden) {
        look();
      }
    });
  }

  // forget takes what was said once off the address, so that it is not said again.
  function forget() {
    var url = new URL(location.href);
    if (url.searchParams.has("note")) {
      url.searchParams.delete("note");
      history.replaceState(null, "", url.href);
    }
  }

  function once(e) {
    if (e.target.dataset.sent) {
      e.preventDefault();
    }
    e.target.dataset.sent = "yes";
  }

  function ask() {
    look(function () { setTimeout(ask, pause); });
  }

  // look reads this page again. A document that comes as an answer runs no script.
  function look(then) {
    var url = new URL(location.href), request = new XMLHttpRequest();
    url.hash = "";
    url.searchParams.set("have", live.dataset.live);
    request.open("GET", url.href);
    request.responseType = "document";
    request.onload = function () {
      if (request.status !== 200) {
        return;
      }
      var fresh = request.response && request.response.querySelector("[data-live]");
      if (fresh) {
        exchange(live, fresh);
        live.dataset.live = fresh.dataset.live;
      }
    };
    request.onloadend = then;
    request.send();
  }

  // exchange brings the children of a box up to date. Each has an id; data-item is the version of
  // one that is kept or exchanged as a whole, data-group marks a box within the box.
  function exchange(box, fresh) {
    var at = box.firstElementChild;
    Array.from(fresh.children).forEach(function (now) {
      var old = Array.from(box.children).find(function (c) { return c.id === now.id; });
      var group = old && "group" in now.dataset;
      if (!group && !(old && old.dataset.item === now.dataset.item)) {
        box.insertBefore(document.adoptNode(now), at);
        return;
      }
      at = dropUntil(at, old);
      if (group) {
        exchange(old, now);
      }
      at = old.nextElementSibling;
    });
    dropUntil(at, null);
  }

  function dropUntil(at, end) {
    while (at && at !== end) {
      var next = at.nextElementSibling;
      at.remove();
      at = next;
    }
    return at;
  }
})();
